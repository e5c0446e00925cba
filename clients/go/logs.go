package hypocenter

import (
	"context"
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// AnalyzeLogs runs the detectors over logs in the request, or over logs the server holds. It stores nothing. The answer
// has one result per record sent, in the order of resources, scopes and records.
//
// It is retried only with a request id: the server then returns the first answer instead of doing the work again. The
// same id must always come with the same request.
func (c *Client) AnalyzeLogs(
	ctx context.Context, request *hypocenterv1.AnalyzeLogsRequest,
) (*hypocenterv1.AnalyzeLogsResponse, error) {
	repeatable := request.GetRequestId() != ""
	return call(ctx, c, hypocenterv1.LogService_AnalyzeLogs_FullMethodName, repeatable, request, c.logs.AnalyzeLogs)
}

// SearchLogs finds log entries that are still held, newest first.
//
// The last pair carries the error. [ErrIncomplete] comes after all that was found, when the server had to stop before it
// had looked at everything: entries may be missing, also between those that came.
func (c *Client) SearchLogs(
	ctx context.Context, request *hypocenterv1.SearchLogsRequest,
) iter.Seq2[*hypocenterv1.LogEntry, error] {
	return func(yield func(*hypocenterv1.LogEntry, error) bool) {
		var incomplete error
		found := items(request.GetPageToken(), func(token string) ([]*hypocenterv1.LogEntry, string, error) {
			page := cloneOrNew(request)
			page.PageToken = token
			answer, err := call(ctx, c, hypocenterv1.LogService_SearchLogs_FullMethodName, true, page, c.logs.SearchLogs)
			if reason := answer.GetIncompleteReason(); reason != 0 {
				incomplete = fmt.Errorf("%w: %v", ErrIncomplete, reason)
			}
			return answer.GetEntries(), answer.GetNextPageToken(), err
		})
		for entry, err := range found {
			if !yield(entry, err) || err != nil {
				return
			}
		}
		if incomplete != nil {
			yield(nil, incomplete)
		}
	}
}

// ListLogTemplates lists the mined templates of one service, or of all, most frequent first.
func (c *Client) ListLogTemplates(
	ctx context.Context, request *hypocenterv1.ListLogTemplatesRequest,
) iter.Seq2[*hypocenterv1.LogTemplate, error] {
	return items(request.GetPageToken(), func(token string) ([]*hypocenterv1.LogTemplate, string, error) {
		page := cloneOrNew(request)
		page.PageToken = token
		answer, err := call(
			ctx, c, hypocenterv1.LogService_ListLogTemplates_FullMethodName, true, page, c.logs.ListLogTemplates)
		return answer.GetTemplates(), answer.GetNextPageToken(), err
	})
}

// cloneOrNew copies a request that is about to be changed; the caller's stays as it is. A nil one counts as empty.
func cloneOrNew[M proto.Message](request M) M {
	if !request.ProtoReflect().IsValid() {
		return request.ProtoReflect().New().Interface().(M)
	}
	return proto.CloneOf(request)
}
