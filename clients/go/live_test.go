package hypocenter_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
	"github.com/hypocenter/hypocenter/clients/go/internal/realserver"
)

func text(s string) *commonv1.AnyValue {
	return &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: s}}
}

// refusals are records of a service whose database went away.
func refusals(size int) *hypocenterv1.AnalyzeLogsRequest {
	var records []*logsv1.LogRecord
	start := time.Now().Add(-time.Minute)
	for i := range size {
		records = append(records, &logsv1.LogRecord{
			TimeUnixNano:   uint64(start.Add(time.Duration(i) * time.Second).UnixNano()),
			SeverityNumber: logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR,
			SeverityText:   "ERROR",
			Body:           text(fmt.Sprintf("dial tcp 10.0.3.7:5432: connect: connection refused (attempt %d)", i)),
		})
	}
	return &hypocenterv1.AnalyzeLogsRequest{Source: &hypocenterv1.AnalyzeLogsRequest_Logs{Logs: &logsv1.LogsData{
		ResourceLogs: []*logsv1.ResourceLogs{{
			Resource: &resourcev1.Resource{
				Attributes: []*commonv1.KeyValue{{Key: "service.name", Value: text("payment")}},
			},
			ScopeLogs: []*logsv1.ScopeLogs{{LogRecords: records}},
		}},
	}}}
}

// TestLive runs against the real server, when HYPOCENTER_COMMAND says how to start one.
func TestLive(t *testing.T) {
	client := connect(t, realserver.Hypocenter(t))
	ctx := t.Context()

	t.Run("AnalyzeLogs judges a service it never saw", func(t *testing.T) {
		answer, err := client.AnalyzeLogs(ctx, refusals(5))
		if err != nil {
			t.Fatal(err)
		}
		assessment := answer.GetAssessment()
		if !assessment.GetIsAnomaly() || assessment.GetBasis() != hypocenterv1.Assessment_BASIS_COLD {
			t.Errorf("assessment = %v, want a cold anomaly", assessment)
		}
		if len(answer.GetRecordResults()) != 5 || answer.GetAnalyzedRecordCount() != 5 {
			t.Fatalf("%d results of %d records, want 5", len(answer.GetRecordResults()), answer.GetAnalyzedRecordCount())
		}
		for i, result := range answer.GetRecordResults() {
			if !result.GetIsAnomaly() || result.GetTemplateId() == "" {
				t.Errorf("result %d = %v", i, result)
			}
		}
	})

	t.Run("a request id returns the first answer, and for its own body only", func(t *testing.T) {
		request := refusals(3)
		request.RequestId = "live-test-1"
		first, err := client.AnalyzeLogs(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		again, err := client.AnalyzeLogs(ctx, request)
		if err != nil || !proto.Equal(first, again) {
			t.Fatalf("again = %v, %v; want %v", again, err, first)
		}
		other := refusals(4)
		other.RequestId = request.GetRequestId()
		if _, err := client.AnalyzeLogs(ctx, other); !errors.Is(err, hypocenter.ErrInvalidInput) {
			t.Fatalf("another body gave %v", err)
		}
	})

	t.Run("an empty request names the field", func(t *testing.T) {
		_, err := client.AnalyzeLogs(ctx, &hypocenterv1.AnalyzeLogsRequest{})
		var failure *hypocenter.Error
		if !errors.As(err, &failure) || !errors.Is(err, hypocenter.ErrInvalidInput) {
			t.Fatalf("err = %v", err)
		}
		if len(failure.Violations) == 0 || failure.Violations[0].Field == "" {
			t.Errorf("violations = %v", failure.Violations)
		}
		if failure.Reason == "" || failure.Domain == "" {
			t.Errorf("ErrorInfo = %q of %q", failure.Reason, failure.Domain)
		}
	})

	t.Run("a new server has no incidents and no graph", func(t *testing.T) {
		for incident, err := range client.ListIncidents(ctx, &hypocenterv1.ListIncidentsRequest{}) {
			t.Fatalf("incident = %v, %v", incident, err)
		}
		graph, err := client.GetServiceGraph(ctx, &hypocenterv1.GetServiceGraphRequest{})
		if err != nil || len(graph.GetEdges()) != 0 {
			t.Fatalf("graph = %v, %v", graph, err)
		}
		if _, err := client.GetIncident(ctx, "incidents/unknown"); !errors.Is(err, hypocenter.ErrNotFound) {
			t.Fatalf("an unknown incident gave %v", err)
		}
	})

	t.Run("a watch begins with SYNCED", func(t *testing.T) {
		for event, err := range client.WatchIncidents(ctx, nil) {
			if err != nil || event.GetEventType() != hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_SYNCED {
				t.Fatalf("event = %v, %v", event, err)
			}
			break
		}
	})
}
