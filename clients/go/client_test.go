package hypocenter_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
	"github.com/hypocenter/hypocenter/clients/go/internal/fakeserver"
)

// quick retries as the default does, only faster.
var quick = hypocenter.RetryPolicy{MaxAttempts: 3, Initial: time.Millisecond, Max: 4 * time.Millisecond}

func connect(t *testing.T, address string, options ...hypocenter.Option) *hypocenter.Client {
	t.Helper()
	client, err := hypocenter.New(address, append([]hypocenter.Option{hypocenter.WithRetry(quick)}, options...)...)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func errorLogs(requestID string) *hypocenterv1.AnalyzeLogsRequest {
	record := &logsv1.LogRecord{SeverityNumber: logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR}
	return &hypocenterv1.AnalyzeLogsRequest{
		RequestId: requestID,
		Source: &hypocenterv1.AnalyzeLogsRequest_Logs{Logs: &logsv1.LogsData{ResourceLogs: []*logsv1.ResourceLogs{
			{ScopeLogs: []*logsv1.ScopeLogs{{LogRecords: []*logsv1.LogRecord{record}}}},
		}}},
	}
}

func TestAnalyzeLogs(t *testing.T) {
	server := fakeserver.Start(t)
	answer, err := connect(t, server.Address).AnalyzeLogs(t.Context(), errorLogs("a"))
	if err != nil {
		t.Fatal(err)
	}
	if !answer.GetAssessment().GetIsAnomaly() || len(answer.GetRecordResults()) != 1 {
		t.Fatalf("answer = %v", answer)
	}
}

func TestSearchLogs(t *testing.T) {
	server := fakeserver.Start(t)
	client := connect(t, server.Address)
	page := func(reason hypocenterv1.SearchLogsResponse_IncompleteReason, bodies ...string) *hypocenterv1.SearchLogsResponse {
		page := &hypocenterv1.SearchLogsResponse{IncompleteReason: reason}
		for _, body := range bodies {
			page.Entries = append(page.Entries, &hypocenterv1.LogEntry{Record: &logsv1.LogRecord{Body: text(body)}})
		}
		return page
	}
	search := func() (bodies []string, failures []error) {
		for entry, err := range client.SearchLogs(t.Context(), &hypocenterv1.SearchLogsRequest{Query: "paid"}) {
			if err != nil {
				failures = append(failures, err)
				continue
			}
			bodies = append(bodies, entry.GetRecord().GetBody().GetStringValue())
		}
		return bodies, failures
	}
	const complete = hypocenterv1.SearchLogsResponse_INCOMPLETE_REASON_UNSPECIFIED
	const slow = hypocenterv1.SearchLogsResponse_INCOMPLETE_REASON_TIME

	t.Run("all there is", func(t *testing.T) {
		server.PutLogPages(page(complete, "a", "b"), page(complete, "c"))
		if bodies, failures := search(); !slices.Equal(bodies, []string{"a", "b", "c"}) || failures != nil {
			t.Fatalf("found %v, %v", bodies, failures)
		}
	})

	t.Run("what may be missing is told after what was found", func(t *testing.T) {
		server.PutLogPages(page(slow, "a", "b"), page(complete, "c"))
		bodies, failures := search()
		if !slices.Equal(bodies, []string{"a", "b", "c"}) {
			t.Fatalf("found %v", bodies)
		}
		if len(failures) != 1 || !errors.Is(failures[0], hypocenter.ErrIncomplete) {
			t.Fatalf("failures = %v", failures)
		}
		if !strings.Contains(failures[0].Error(), "INCOMPLETE_REASON_TIME") {
			t.Fatalf("%q does not say why", failures[0])
		}
	})

	t.Run("a failure ends it and is told alone", func(t *testing.T) {
		server.PutLogPages(page(slow, "a"))
		server.Script(hypocenterv1.LogService_SearchLogs_FullMethodName, fakeserver.Invalid("BAD", "query", "is bad"))
		bodies, failures := search()
		if bodies != nil || len(failures) != 1 || !errors.Is(failures[0], hypocenter.ErrInvalidInput) {
			t.Fatalf("found %v, %v", bodies, failures)
		}
	})
}

func TestIncidents(t *testing.T) {
	server := fakeserver.Start(t)
	client := connect(t, server.Address)
	ctx := t.Context()
	for _, name := range []string{"incidents/1", "incidents/2", "incidents/3", "incidents/4", "incidents/5"} {
		server.PutIncident(&hypocenterv1.Incident{Name: name, Title: "payment is slow"})
	}

	t.Run("list walks through all pages", func(t *testing.T) {
		request := &hypocenterv1.ListIncidentsRequest{Filter: "state = OPEN"}
		var names []string
		for incident, err := range client.ListIncidents(ctx, request) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, incident.GetName())
		}
		if len(names) != 5 || names[4] != "incidents/5" {
			t.Fatalf("names = %v", names)
		}
		calls := server.Calls(hypocenterv1.IncidentService_ListIncidents_FullMethodName)
		if len(calls) != 3 {
			t.Fatalf("%d pages were fetched, want 3", len(calls))
		}
		for _, call := range calls {
			if call.Request.(*hypocenterv1.ListIncidentsRequest).GetFilter() != "state = OPEN" {
				t.Fatalf("a page was asked for with another filter: %v", call.Request)
			}
		}
		if request.GetPageToken() != "" {
			t.Fatal("the caller's request was changed")
		}
	})

	t.Run("a list that is left fetches no more", func(t *testing.T) {
		before := len(server.Calls(hypocenterv1.IncidentService_ListIncidents_FullMethodName))
		for range client.ListIncidents(ctx, nil) {
			break
		}
		if fetched := len(server.Calls(hypocenterv1.IncidentService_ListIncidents_FullMethodName)) - before; fetched != 1 {
			t.Fatalf("%d pages were fetched, want 1", fetched)
		}
	})

	t.Run("search", func(t *testing.T) {
		found := 0
		for match, err := range client.SearchIncidents(ctx, &hypocenterv1.SearchIncidentsRequest{Query: "slow"}) {
			if err != nil {
				t.Fatal(err)
			}
			if match.GetScore() != 1 {
				t.Fatalf("match = %v", match)
			}
			found++
		}
		if found != 5 {
			t.Fatalf("found %d, want 5", found)
		}
	})

	t.Run("acknowledge and resolve with the etag", func(t *testing.T) {
		incident, err := client.GetIncident(ctx, "incidents/2")
		if err != nil {
			t.Fatal(err)
		}
		acknowledged, err := client.AcknowledgeIncident(ctx, incident.GetName(), incident.GetEtag())
		if err != nil || acknowledged.GetState() != hypocenterv1.Incident_STATE_ACKNOWLEDGED {
			t.Fatalf("acknowledged = %v, %v", acknowledged, err)
		}
		if _, err := client.ResolveIncident(ctx, incident.GetName(), "x", incident.GetEtag()); !errors.Is(
			err, hypocenter.ErrConflict) {
			t.Fatalf("a lost race gave %v, want ErrConflict", err)
		}
		resolved, err := client.ResolveIncident(ctx, incident.GetName(), "rolled back", acknowledged.GetEtag())
		if err != nil || resolved.GetResolution() != "rolled back" {
			t.Fatalf("resolved = %v, %v", resolved, err)
		}
	})
}

func TestRootCauses(t *testing.T) {
	client := connect(t, fakeserver.Start(t).Address)
	ctx := t.Context()

	diagnosis, err := client.AnalyzeRootCause(ctx, &hypocenterv1.AnalyzeRootCauseRequest{
		Subject: &hypocenterv1.AnalyzeRootCauseRequest_Incident{Incident: "incidents/1"},
	})
	if err != nil || diagnosis.GetRootCauses()[0].GetServiceName() != "payment" {
		t.Fatalf("diagnosis = %v, %v", diagnosis, err)
	}
	graph, err := client.GetServiceGraph(ctx, &hypocenterv1.GetServiceGraphRequest{})
	if err != nil || graph.GetEdges()[0].GetRequestCount() != 7 {
		t.Fatalf("graph = %v, %v", graph, err)
	}
	var text string
	citations := 0
	for part, err := range client.AnswerQuestion(ctx, &hypocenterv1.AnswerQuestionRequest{Question: "who?"}) {
		if err != nil {
			t.Fatal(err)
		}
		text += part.GetText()
		if part.GetCitation() != nil {
			citations++
		}
	}
	if text != "payment" || citations != 1 {
		t.Fatalf("answer = %q with %d citations", text, citations)
	}
}

func TestTimeoutBoundsOnlyContextsWithoutDeadline(t *testing.T) {
	server := fakeserver.Start(t)
	client := connect(t, server.Address, hypocenter.WithTimeout(time.Nanosecond))
	if _, err := client.GetServiceGraph(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("err = %v, want DeadlineExceeded", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := client.GetServiceGraph(ctx, nil); err != nil {
		t.Fatalf("the caller's own deadline was cut: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, attempt := range map[string]struct {
		target  string
		options []hypocenter.Option
	}{
		"an empty target":         {" ", nil},
		"TLS and plain text":      {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithTLS(nil), hypocenter.WithInsecure()}},
		"a negative timeout":      {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithTimeout(-1)}},
		"no attempts":             {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithRetry(hypocenter.RetryPolicy{})}},
		"an empty token":          {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithToken("")}},
		"a token with a newline":  {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithToken("secret\n")}},
		"a nil token source":      {"127.0.0.1:1", []hypocenter.Option{hypocenter.WithTokenSource(nil)}},
		"an unparseable resolver": {"127.0.0.1:%zz", nil},
	} {
		if client, err := hypocenter.New(attempt.target, attempt.options...); err == nil {
			_ = client.Close()
			t.Errorf("%s: New succeeded", name)
		}
	}
}
