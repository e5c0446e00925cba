package fakeserver

import (
	"context"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// WatchIncidents sends the incidents, SYNCED and the changes; or, resumed, only the changes after the token.
func (i incidentService) WatchIncidents(
	request *hypocenterv1.WatchIncidentsRequest, stream grpc.ServerStreamingServer[hypocenterv1.WatchIncidentsResponse],
) error {
	// A watch waits on a condition, which knows no contexts.
	stop := context.AfterFunc(stream.Context(), func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.incidents.changed.Broadcast()
	})
	defer stop()
	i.mu.Lock()
	defer i.mu.Unlock()
	sent, cuts := len(i.incidents.changes), i.incidents.cuts
	if token := request.GetResumeToken(); token != "" {
		sent, _ = strconv.Atoi(token)
		if sent < i.incidents.forgotten {
			return status.Error(codes.OutOfRange, "the resume token is too old")
		}
	} else {
		for _, event := range i.incidents.snapshot() {
			if err := stream.Send(event); err != nil {
				return err
			}
		}
	}
	for stream.Context().Err() == nil {
		if i.incidents.cuts > cuts {
			return i.incidents.cut
		}
		if sent == len(i.incidents.changes) {
			i.incidents.changed.Wait()
			continue
		}
		if err := stream.Send(i.incidents.changes[sent]); err != nil {
			return err
		}
		sent++
	}
	return stream.Context().Err()
}

func (f *feed) snapshot() []*hypocenterv1.WatchIncidentsResponse {
	token := strconv.Itoa(len(f.changes))
	var events []*hypocenterv1.WatchIncidentsResponse
	for _, incident := range f.current {
		events = append(events, &hypocenterv1.WatchIncidentsResponse{
			EventType: hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_CREATED, Incident: incident,
		})
	}
	return append(events, &hypocenterv1.WatchIncidentsResponse{
		EventType: hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_SYNCED, ResumeToken: token,
	})
}
