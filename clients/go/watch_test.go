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

const watch = hypocenterv1.IncidentService_WatchIncidents_FullMethodName

func TestWatchResumesWhereItWasCut(t *testing.T) {
	for name, cut := range map[string]error{
		"unavailable":   fakeserver.Unavailable(),
		"a quiet end":   nil,
		"a throttle":    fakeserver.Throttled(codes.ResourceExhausted, time.Millisecond),
		"an old server": fakeserver.Throttled(codes.Unavailable, 0),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			server := fakeserver.Start(t)
			server.PutIncident(&hypocenterv1.Incident{Name: "incidents/1"})
			var names []string
			for event, err := range connect(t, server.Address).WatchIncidents(ctx, nil) {
				if err != nil {
					t.Fatal(err)
				}
				if event.GetEventType() == hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_SYNCED {
					// The server is not reached for longer than any single call would be tried.
					server.Script(watch, fakeserver.Unavailable(), fakeserver.Unavailable(), fakeserver.Unavailable(),
						fakeserver.Unavailable())
					server.CutWatches(cut)
					server.PutIncident(&hypocenterv1.Incident{Name: "incidents/2"})
					continue
				}
				names = append(names, event.GetIncident().GetName())
				if len(names) == 2 {
					break
				}
			}
			if len(names) != 2 || names[0] != "incidents/1" || names[1] != "incidents/2" {
				t.Fatalf("saw %v, want each incident once", names)
			}
			calls := server.Calls(watch)
			if last := calls[len(calls)-1].Request.(*hypocenterv1.WatchIncidentsRequest); last.GetResumeToken() != "1" {
				t.Fatalf("resumed from %q, want 1", last.GetResumeToken())
			}
		})
	}
}

func TestWatchEndsOnWhatARetryDoesNotHelp(t *testing.T) {
	for name, is := range map[string]struct {
		cut  error
		want error
	}{
		"a token too old": {fakeserver.Unavailable(), hypocenter.ErrTooOld},
		"a slow reader":   {status.Error(codes.ResourceExhausted, "too slow"), hypocenter.ErrOverloaded},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			server := fakeserver.Start(t)
			var last error
			for _, err := range connect(t, server.Address).WatchIncidents(ctx, nil) {
				last = err
				if err == nil {
					server.ForgetChanges()
					server.CutWatches(is.cut)
				}
			}
			if !errors.Is(last, is.want) {
				t.Fatalf("ended with %v, want %v", last, is.want)
			}
		})
	}
}

func TestWatchGivesUpOnAServerThatWasNeverThere(t *testing.T) {
	server := fakeserver.Start(t)
	server.Script(watch, fakeserver.Unavailable(), fakeserver.Unavailable(), fakeserver.Unavailable(), nil)
	for _, err := range connect(t, server.Address).WatchIncidents(t.Context(), nil) {
		if !errors.Is(err, hypocenter.ErrUnavailable) {
			t.Fatalf("err = %v, want ErrUnavailable", err)
		}
	}
	if got := len(server.Calls(watch)); got != 3 {
		t.Fatalf("%d attempts, want 3", got)
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := fakeserver.Start(t)
	var last error
	for _, err := range connect(t, server.Address).WatchIncidents(ctx, nil) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Fatalf("ended with %v, want Canceled", last)
	}
}

func TestARestartedServerIsFoundAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	first := fakeserver.Start(t)
	// The default policy is what has to bridge a restart.
	client := connect(t, first.Address, hypocenter.WithRetry(hypocenter.DefaultRetryPolicy()))
	restarted := make(chan *fakeserver.Server, 1)
	synced := 0
	for event, err := range client.WatchIncidents(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		switch event.GetEventType() {
		case hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_SYNCED:
			synced++
			first.Stop()
			// Down for longer than the first attempts.
			time.AfterFunc(500*time.Millisecond, func() {
				second := fakeserver.StartAt(t, first.Address)
				second.PutIncident(&hypocenterv1.Incident{Name: "incidents/after"})
				restarted <- second
			})
			if _, err := client.GetServiceGraph(ctx, nil); err != nil {
				t.Fatalf("a call over the restart: %v", err)
			}
			continue
		case hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_CREATED:
		default:
			t.Fatalf("event = %v", event)
		}
		break
	}
	resumed := (<-restarted).Calls(watch)[0].Request.(*hypocenterv1.WatchIncidentsRequest)
	if synced != 1 || resumed.GetResumeToken() != "0" {
		t.Fatalf("synced %d times, resumed from %q", synced, resumed.GetResumeToken())
	}
}
