package httpapi

import (
	"encoding/json"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

// shownEntry is a record with its result as clients read it.
type shownEntry struct {
	ID         string          `json:"id"`
	State      record.State    `json:"state"`
	Service    string          `json:"service"`
	Level      string          `json:"level"`
	Message    string          `json:"message"`
	Timestamp  time.Time       `json:"timestamp"`
	Received   time.Time       `json:"received"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
	TraceID    string          `json:"trace_id,omitempty"`
	// Result is absent while the record is pending.
	Result *record.Result `json:"result,omitempty"`
}

func show(entry record.Entry) shownEntry {
	return shownEntry{
		ID: entry.ID, State: entry.State, Service: entry.Service, Level: entry.Level, Message: entry.Message,
		Timestamp: entry.Time, Received: entry.Received, Attributes: entry.Attributes, TraceID: entry.TraceID,
		Result: entry.Result,
	}
}
