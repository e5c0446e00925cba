// Package analysis asks Hypocenter about records.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// Analyzer calls AnalyzeLogs, once for every batch.
type Analyzer struct {
	Client *hypocenter.Client
	// Timeout bounds one analysis, the client's retries included.
	Timeout time.Duration
}

// Analyze returns one result per record, in their order. The request id makes a repeated analysis return the first
// answer, if it comes with the same records.
func (a Analyzer) Analyze(ctx context.Context, requestID string, records []record.Record) ([]record.Result, error) {
	logs, order, err := logsData(records)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	answer, err := a.Client.AnalyzeLogs(ctx, &hypocenterv1.AnalyzeLogsRequest{
		Source:    &hypocenterv1.AnalyzeLogsRequest_Logs{Logs: logs},
		RequestId: requestID,
	})
	if err != nil {
		return nil, err
	}
	found := answer.GetRecordResults()
	if len(found) != len(records) {
		return nil, fmt.Errorf("AnalyzeLogs answered %d results for %d records", len(found), len(records))
	}
	assessment := assessmentOf(answer.GetAssessment())
	finished := time.Now().UTC()
	results := make([]record.Result, len(records))
	for i, f := range found {
		results[order[i]] = record.Result{
			RecordID:    records[order[i]].ID,
			State:       record.Analyzed,
			IsAnomaly:   f.GetIsAnomaly(),
			Severity:    word(f.GetSeverity().String(), "SEVERITY_"),
			AnomalyType: f.GetAnomalyType(),
			Score:       f.GetScore(),
			TemplateID:  f.GetTemplateId(),
			Finished:    finished,
			Assessment:  assessment,
		}
	}
	return results, nil
}

func assessmentOf(a *hypocenterv1.Assessment) record.Assessment {
	return record.Assessment{
		RootCause:        a.GetRootCause(),
		Explanation:      a.GetExplanation(),
		AffectedServices: a.GetAffectedServices(),
		RemediationSteps: a.GetRemediationSteps(),
		Confidence:       a.GetConfidence(),
		Basis:            word(a.GetBasis().String(), "BASIS_"),
		Model:            a.GetModel(),
	}
}

// word is an enum's name as JSON shall have it: "SEVERITY_HIGH" is "high", unspecified is empty.
func word(name, prefix string) string {
	name = strings.ToLower(strings.TrimPrefix(name, prefix))
	if name == "unspecified" {
		return ""
	}
	return name
}

// IsPermanent tells whether a failed analysis would fail the same way again: the request itself is wrong or too large.
func IsPermanent(err error) bool {
	var failure *hypocenter.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code {
	case codes.InvalidArgument, codes.OutOfRange:
		return true
	case codes.ResourceExhausted:
		return !failure.Temporary()
	default:
		return false
	}
}

// RetryDelay is how long the server asked to wait; 0 when it did not.
func RetryDelay(err error) time.Duration {
	var failure *hypocenter.Error
	if errors.As(err, &failure) {
		return failure.RetryDelay
	}
	return 0
}
