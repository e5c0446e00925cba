package hypocenter

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// WatchIncidents yields the current matches, then one SYNCED, then every change, until the context ends or the loop is
// left. A lost connection is made again where it was lost, with the resume token of the last event; the loop does not
// notice. To go on after a restart of the program, keep the resume token of the last event handled and put it into the
// request.
//
// The last pair carries the error: the context's, [ErrTooOld] when the resume token is no longer held (list again), or
// [ErrOverloaded] when this reader was too slow and was cut.
func (c *Client) WatchIncidents(
	ctx context.Context, request *hypocenterv1.WatchIncidentsRequest,
) iter.Seq2[*hypocenterv1.WatchIncidentsResponse, error] {
	return func(yield func(*hypocenterv1.WatchIncidentsResponse, error) bool) {
		// Leaving the loop must end the stream on the server too.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		next := cloneOrNew(request)
		policy := c.retry
		for failures := 1; ; failures++ {
			stream, err := c.incidents.WatchIncidents(ctx, next)
			for err == nil {
				var event *hypocenterv1.WatchIncidentsResponse
				if event, err = stream.Recv(); err != nil {
					break
				}
				failures, policy = 1, c.retry.endless()
				if token := event.GetResumeToken(); token != "" {
					next.ResumeToken = token
				}
				if !yield(event, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				// A watch has no end of its own: the server is going away.
				err = status.Error(codes.Unavailable, "the server ended the watch")
			}
			failure := newError(hypocenterv1.IncidentService_WatchIncidents_FullMethodName, failures, err)
			if !policy.pause(ctx, failures, failure) {
				yield(nil, failure)
				return
			}
		}
	}
}
