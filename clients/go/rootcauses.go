package hypocenter

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// AnalyzeRootCause ranks causes for an incident, or for a time in which something went wrong, on what is still held. It
// stores nothing.
func (c *Client) AnalyzeRootCause(
	ctx context.Context, request *hypocenterv1.AnalyzeRootCauseRequest,
) (*hypocenterv1.Diagnosis, error) {
	answer, err := call(ctx, c, hypocenterv1.RootCauseService_AnalyzeRootCause_FullMethodName, true, request,
		c.rootCauses.AnalyzeRootCause)
	return answer.GetDiagnosis(), err
}

// GetServiceGraph returns who called whom in a time range, all of it or around one service.
func (c *Client) GetServiceGraph(
	ctx context.Context, request *hypocenterv1.GetServiceGraphRequest,
) (*hypocenterv1.ServiceGraph, error) {
	answer, err := call(ctx, c, hypocenterv1.RootCauseService_GetServiceGraph_FullMethodName, true, request,
		c.rootCauses.GetServiceGraph)
	return answer.GetServiceGraph(), err
}

// AnswerQuestion yields an answer part by part: text, and citations of what the text before them rests on. It is never
// retried, since a language model may have to be paid for it.
func (c *Client) AnswerQuestion(
	ctx context.Context, request *hypocenterv1.AnswerQuestionRequest,
) iter.Seq2[*hypocenterv1.AnswerQuestionResponse, error] {
	return func(yield func(*hypocenterv1.AnswerQuestionResponse, error) bool) {
		ctx, cancel := c.bounded(ctx)
		defer cancel()
		stream, err := c.rootCauses.AnswerQuestion(ctx, request)
		for err == nil {
			var part *hypocenterv1.AnswerQuestionResponse
			if part, err = stream.Recv(); err == nil && !yield(part, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, newError(hypocenterv1.RootCauseService_AnswerQuestion_FullMethodName, 1, err))
		}
	}
}
