package hypocenter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
	"github.com/hypocenter/hypocenter/clients/go/internal/fakeserver"
)

const (
	analyze     = hypocenterv1.LogService_AnalyzeLogs_FullMethodName
	acknowledge = hypocenterv1.IncidentService_AcknowledgeIncident_FullMethodName
	graph       = hypocenterv1.RootCauseService_GetServiceGraph_FullMethodName
	answer      = hypocenterv1.RootCauseService_AnswerQuestion_FullMethodName
)

func TestRetryByCode(t *testing.T) {
	for name, is := range map[string]struct {
		failure  error
		attempts int
	}{
		"unavailable":                  {fakeserver.Unavailable(), 2},
		"unavailable with RetryInfo":   {fakeserver.Throttled(codes.Unavailable, time.Millisecond), 2},
		"exhausted with RetryInfo":     {fakeserver.Throttled(codes.ResourceExhausted, time.Millisecond), 2},
		"exhausted without RetryInfo":  {status.Error(codes.ResourceExhausted, "too large"), 1},
		"internal":                     {status.Error(codes.Internal, "bug"), 1},
		"aborted":                      {status.Error(codes.Aborted, "etag"), 1},
		"deadline":                     {status.Error(codes.DeadlineExceeded, "slow"), 1},
		"invalid argument + RetryInfo": {fakeserver.Throttled(codes.InvalidArgument, time.Millisecond), 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := fakeserver.Start(t)
			server.Script(graph, is.failure)
			_, err := connect(t, server.Address).GetServiceGraph(t.Context(), nil)
			if got := len(server.Calls(graph)); got != is.attempts {
				t.Fatalf("%d attempts, want %d", got, is.attempts)
			}
			if (err == nil) != (is.attempts > 1) {
				t.Fatalf("err = %v", err)
			}
		})
	}
}

func TestRetryOnlyWhatCanBeRepeated(t *testing.T) {
	for name, is := range map[string]struct {
		method   string
		call     func(context.Context, *hypocenter.Client) error
		attempts int
	}{
		"AnalyzeLogs with a request id": {analyze, func(ctx context.Context, c *hypocenter.Client) error {
			_, err := c.AnalyzeLogs(ctx, errorLogs("id"))
			return err
		}, 2},
		"AnalyzeLogs without": {analyze, func(ctx context.Context, c *hypocenter.Client) error {
			_, err := c.AnalyzeLogs(ctx, errorLogs(""))
			return err
		}, 1},
		"AcknowledgeIncident with an etag": {acknowledge, func(ctx context.Context, c *hypocenter.Client) error {
			_, err := c.AcknowledgeIncident(ctx, "incidents/1", "etag-0")
			return err
		}, 2},
		"AcknowledgeIncident without": {acknowledge, func(ctx context.Context, c *hypocenter.Client) error {
			_, err := c.AcknowledgeIncident(ctx, "incidents/1", "")
			return err
		}, 1},
		"AnswerQuestion": {answer, func(ctx context.Context, c *hypocenter.Client) error {
			for _, err := range c.AnswerQuestion(ctx, nil) {
				return err
			}
			return nil
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := fakeserver.Start(t)
			server.PutIncident(&hypocenterv1.Incident{Name: "incidents/1"})
			server.Script(is.method, fakeserver.Unavailable())
			err := is.call(t.Context(), connect(t, server.Address))
			if got := len(server.Calls(is.method)); got != is.attempts {
				t.Fatalf("%d attempts, want %d", got, is.attempts)
			}
			if is.attempts == 1 && !errors.Is(err, hypocenter.ErrUnavailable) {
				t.Fatalf("err = %v, want ErrUnavailable", err)
			}
		})
	}
}

func TestRetryGivesUp(t *testing.T) {
	server := fakeserver.Start(t)
	server.Script(graph, fakeserver.Unavailable(), fakeserver.Unavailable(), fakeserver.Unavailable(), nil)
	_, err := connect(t, server.Address).GetServiceGraph(t.Context(), nil)
	var failure *hypocenter.Error
	if !errors.As(err, &failure) || failure.Attempts != 3 || !failure.Temporary() {
		t.Fatalf("err = %v, want a temporary one after 3 attempts", err)
	}
}

func TestRetryInfoIsHonoured(t *testing.T) {
	const asked = 150 * time.Millisecond
	server := fakeserver.Start(t)
	server.Script(graph, fakeserver.Throttled(codes.Unavailable, asked))
	start := time.Now()
	if _, err := connect(t, server.Address).GetServiceGraph(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(start); waited < asked {
		t.Fatalf("waited %v, asked was %v", waited, asked)
	}
}

func TestRetryDoesNotBeginWhatTheDeadlineForbids(t *testing.T) {
	server := fakeserver.Start(t)
	server.Script(graph, fakeserver.Throttled(codes.Unavailable, time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := time.Now()
	_, err := connect(t, server.Address).GetServiceGraph(ctx, nil)
	if !errors.Is(err, hypocenter.ErrUnavailable) || time.Since(start) > 30*time.Second {
		t.Fatalf("err = %v after %v, want ErrUnavailable at once", err, time.Since(start))
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	server := fakeserver.Start(t)
	server.Script(graph, fakeserver.Throttled(codes.Unavailable, time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	client := connect(t, server.Address, hypocenter.WithTimeout(0))
	done := make(chan error, 1)
	go func() {
		_, err := client.GetServiceGraph(ctx, nil)
		done <- err
	}()
	for len(server.Calls(graph)) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("err = %v, want Canceled", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the call outlived its context")
	}
}
