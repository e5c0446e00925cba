package httpapi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

const (
	maxRecords        = 1000
	maxServiceBytes   = 256
	maxLevelBytes     = 32
	maxAttributeDepth = 16
)

// sentRecord is one record as clients write it.
type sentRecord struct {
	Service    string          `json:"service"`
	Level      string          `json:"level"`
	Message    string          `json:"message"`
	Timestamp  *time.Time      `json:"timestamp"`
	Attributes json.RawMessage `json:"attributes"`
	TraceID    string          `json:"trace_id"`
}

// fieldError says what is wrong where.
type fieldError struct {
	field   string
	message string
}

func (e *fieldError) Error() string { return strings.TrimSpace(e.field + " " + e.message) }

// parseBody reads one record or an array of them. Errors of reading are returned as they are, all others are
// *fieldError.
func parseBody(body io.Reader, received time.Time) ([]record.Record, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(content) {
		return nil, &fieldError{"", "is not UTF-8"}
	}
	content = bytes.TrimSpace(content)
	isArray := bytes.HasPrefix(content, []byte("["))
	if !isArray {
		content = append(append([]byte("["), content...), ']')
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(content, &raw); err != nil {
		return nil, &fieldError{"", "is not JSON: " + err.Error()}
	}
	if len(raw) == 0 || len(raw) > maxRecords {
		return nil, &fieldError{"", fmt.Sprintf("has %d records; 1 to %d are taken at a time", len(raw), maxRecords)}
	}
	if !isArray && len(raw) > 1 {
		return nil, &fieldError{"", "has several values; several records are sent as an array"}
	}
	records := make([]record.Record, len(raw))
	for i, one := range raw {
		parsed, err := parseRecord(one, received)
		if err != nil {
			if isArray {
				err.field = strings.TrimSuffix(fmt.Sprintf("[%d].%s", i, err.field), ".")
			}
			return nil, err
		}
		records[i] = parsed
	}
	return records, nil
}

func parseRecord(raw json.RawMessage, received time.Time) (record.Record, *fieldError) {
	var sent sentRecord
	decoder := json.NewDecoder(bytes.NewReader(raw))
	// A misspelt field would be lost without a word.
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil || bytes.Equal(raw, []byte("null")) {
		return record.Record{}, decodeError(err)
	}
	if err := sent.check(); err != nil {
		return record.Record{}, err
	}
	parsed := record.Record{
		Service: sent.Service, Level: sent.Level, Message: sent.Message, TraceID: strings.ToLower(sent.TraceID),
		Time: received, Received: received,
	}
	if sent.Timestamp != nil {
		parsed.Time = sent.Timestamp.UTC()
	}
	if len(sent.Attributes) > 0 && !bytes.Equal(sent.Attributes, []byte("null")) {
		parsed.Attributes = sent.Attributes
	}
	return parsed, nil
}

func decodeError(err error) *fieldError {
	if err == nil {
		return &fieldError{"", "is null"}
	}
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return &fieldError{wrongType.Field, "must not be a JSON " + wrongType.Value}
	}
	var wrongTime *time.ParseError
	if errors.As(err, &wrongTime) {
		return &fieldError{"timestamp", "is not written as in RFC 3339, such as 2026-03-01T12:00:00.5Z"}
	}
	return &fieldError{"", strings.TrimPrefix(err.Error(), "json: ")}
}

func (s sentRecord) check() *fieldError {
	switch {
	case s.Service == "" || len(s.Service) > maxServiceBytes:
		return &fieldError{"service", fmt.Sprintf("is required, at most %d bytes", maxServiceBytes)}
	case s.Level == "" || len(s.Level) > maxLevelBytes:
		return &fieldError{"level", fmt.Sprintf("is required, at most %d bytes", maxLevelBytes)}
	case s.Message == "":
		return &fieldError{"message", "is required"}
	case s.Timestamp != nil && (s.Timestamp.Before(time.Unix(0, 1)) || s.Timestamp.Year() > 2261):
		return &fieldError{"timestamp", "is before 1970 or after 2261"}
	}
	if id, err := hex.DecodeString(s.TraceID); s.TraceID != "" && (err != nil || len(id) != 16) {
		return &fieldError{"trace_id", "is not 32 hex digits"}
	}
	if len(s.Attributes) == 0 {
		return nil
	}
	var attributes map[string]any
	if err := json.Unmarshal(s.Attributes, &attributes); err != nil {
		return &fieldError{"attributes", "is not a JSON object"}
	}
	if deeperThan(attributes, maxAttributeDepth) {
		return &fieldError{"attributes", fmt.Sprintf("is nested more than %d deep", maxAttributeDepth)}
	}
	return nil
}

// deeperThan tells whether a JSON value is nested more than depth objects and arrays deep.
func deeperThan(value any, depth int) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			if depth == 0 || deeperThan(inner, depth-1) {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if depth == 0 || deeperThan(inner, depth-1) {
				return true
			}
		}
	}
	return false
}
