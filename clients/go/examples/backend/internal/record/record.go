// Package record holds what the back end is about: a log record as it was sent, and what was found for it.
package record

import (
	"encoding/json"
	"strings"
	"time"

	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
)

// Record is one log record as it was received.
type Record struct {
	ID string `json:"id"`
	// BatchID names the request it came with, and the job that analyzes it.
	BatchID string    `json:"batch_id"`
	Service string    `json:"service"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
	// Received is also the record's time when it was sent without one.
	Received time.Time `json:"received"`
	// Attributes is a JSON object, or empty.
	Attributes json.RawMessage `json:"attributes,omitempty"`
	// TraceID is 32 hex digits, or empty.
	TraceID string `json:"trace_id,omitempty"`
}

var severities = map[string]logsv1.SeverityNumber{
	"TRACE":     logsv1.SeverityNumber_SEVERITY_NUMBER_TRACE,
	"DEBUG":     logsv1.SeverityNumber_SEVERITY_NUMBER_DEBUG,
	"INFO":      logsv1.SeverityNumber_SEVERITY_NUMBER_INFO,
	"NOTICE":    logsv1.SeverityNumber_SEVERITY_NUMBER_INFO2,
	"WARN":      logsv1.SeverityNumber_SEVERITY_NUMBER_WARN,
	"WARNING":   logsv1.SeverityNumber_SEVERITY_NUMBER_WARN,
	"ERROR":     logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR,
	"CRITICAL":  logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR2,
	"ALERT":     logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR3,
	"PANIC":     logsv1.SeverityNumber_SEVERITY_NUMBER_FATAL,
	"EMERGENCY": logsv1.SeverityNumber_SEVERITY_NUMBER_FATAL,
	"FATAL":     logsv1.SeverityNumber_SEVERITY_NUMBER_FATAL,
}

// SeverityNumber is OpenTelemetry's number for the level; unspecified for a level it does not know.
func (r Record) SeverityNumber() logsv1.SeverityNumber {
	return severities[strings.ToUpper(r.Level)]
}
