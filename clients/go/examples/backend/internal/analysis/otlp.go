package analysis

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

// logsData puts records into OTLP form, one resource a service. The order says where in the request each record went:
// order[i] is the index, among the records given, of the i-th record sent. The same records always give the same
// bytes, since a request id may be used again with the same body only.
func logsData(records []record.Record) (data *logsv1.LogsData, order []int, err error) {
	byService := map[string][]int{}
	for i, r := range records {
		byService[r.Service] = append(byService[r.Service], i)
	}
	data = &logsv1.LogsData{}
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		scope := &logsv1.ScopeLogs{}
		for _, i := range byService[service] {
			converted, err := logRecord(records[i])
			if err != nil {
				return nil, nil, fmt.Errorf("record %s: %w", records[i].ID, err)
			}
			scope.LogRecords = append(scope.LogRecords, converted)
			order = append(order, i)
		}
		data.ResourceLogs = append(data.ResourceLogs, &logsv1.ResourceLogs{
			Resource: &resourcev1.Resource{
				Attributes: []*commonv1.KeyValue{{Key: "service.name", Value: text(service)}},
			},
			ScopeLogs: []*logsv1.ScopeLogs{scope},
		})
	}
	return data, order, nil
}

func logRecord(r record.Record) (*logsv1.LogRecord, error) {
	traceID, err := hex.DecodeString(r.TraceID)
	if err != nil {
		return nil, fmt.Errorf("trace id: %w", err)
	}
	converted := &logsv1.LogRecord{
		TimeUnixNano:         uint64(r.Time.UnixNano()),
		ObservedTimeUnixNano: uint64(r.Received.UnixNano()),
		SeverityNumber:       r.SeverityNumber(),
		SeverityText:         r.Level,
		Body:                 text(r.Message),
		TraceId:              traceID,
	}
	if len(r.Attributes) > 0 {
		var attributes map[string]any
		decoder := json.NewDecoder(bytes.NewReader(r.Attributes))
		// A float64 would round large integers.
		decoder.UseNumber()
		if err := decoder.Decode(&attributes); err != nil {
			return nil, fmt.Errorf("attributes: %w", err)
		}
		converted.Attributes = keyValues(attributes)
	}
	return converted, nil
}

func text(s string) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: s}}
}

func keyValues(values map[string]any) []*commonv1.KeyValue {
	var converted []*commonv1.KeyValue
	for _, key := range slices.Sorted(maps.Keys(values)) {
		converted = append(converted, &commonv1.KeyValue{Key: key, Value: anyValue(values[key])})
	}
	return converted
}

// anyValue converts what encoding/json makes of a JSON value.
func anyValue(value any) *commonv1.AnyValue {
	switch v := value.(type) {
	case string:
		return text(v)
	case bool:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_BoolValue{BoolValue: v}}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: n}}
		}
		if f, err := v.Float64(); err == nil {
			return &commonv1.AnyValue{Value: &commonv1.AnyValue_DoubleValue{DoubleValue: f}}
		}
		return text(v.String())
	case []any:
		list := &commonv1.ArrayValue{}
		for _, item := range v {
			list.Values = append(list.Values, anyValue(item))
		}
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_ArrayValue{ArrayValue: list}}
	case map[string]any:
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_KvlistValue{
			KvlistValue: &commonv1.KeyValueList{Values: keyValues(v)},
		}}
	default:
		return &commonv1.AnyValue{}
	}
}
