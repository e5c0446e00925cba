package fakeserver

import (
	"context"
	"fmt"
	"sort"
	"strconv"

	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// analysis is one answer kept by its request id.
type analysis struct {
	request *hypocenterv1.AnalyzeLogsRequest
	answer  *hypocenterv1.AnalyzeLogsResponse
}

// Work counts the analyses really done, repeated request ids not counted.
func (s *Server) Work() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.work
}

type logService struct {
	hypocenterv1.UnimplementedLogServiceServer
	*Server
}

// AnalyzeLogs judges by severity alone: ERROR and above is an anomaly.
func (l logService) AnalyzeLogs(
	_ context.Context, request *hypocenterv1.AnalyzeLogsRequest,
) (*hypocenterv1.AnalyzeLogsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, repeated := l.analyses[request.GetRequestId()]; repeated {
		if !proto.Equal(known.request, request) {
			return nil, Invalid("REQUEST_ID_REUSED", "request_id", "was used with another body")
		}
		return known.answer, nil
	}
	if request.GetSource() == nil || request.GetLogs() != nil && len(request.GetLogs().GetResourceLogs()) == 0 {
		return nil, Invalid("NO_LOGS", "logs", "is required")
	}
	answer := judge(request.GetLogs())
	l.work++
	if request.GetRequestId() != "" {
		l.analyses[request.GetRequestId()] = analysis{
			request: proto.CloneOf(request), answer: answer,
		}
	}
	return answer, nil
}

func judge(logs *logsv1.LogsData) *hypocenterv1.AnalyzeLogsResponse {
	answer := &hypocenterv1.AnalyzeLogsResponse{
		Assessment: &hypocenterv1.Assessment{Basis: hypocenterv1.Assessment_BASIS_COLD},
	}
	affected := map[string]bool{}
	for _, resource := range logs.GetResourceLogs() {
		var service string
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() == "service.name" {
				service = attribute.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				result := &hypocenterv1.RecordResult{TemplateId: fmt.Sprintf("%x", record.GetBody().GetStringValue())}
				if record.GetSeverityNumber() >= logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR {
					affected[service] = true
					result.IsAnomaly, result.Score = true, 0.9
					result.Severity = hypocenterv1.Severity_SEVERITY_HIGH
					result.AnomalyType = "error"
				}
				answer.RecordResults = append(answer.RecordResults, result)
			}
		}
	}
	answer.AnalyzedRecordCount = int64(len(answer.GetRecordResults()))
	if len(affected) == 0 {
		return answer
	}
	assessment := answer.GetAssessment()
	assessment.IsAnomaly, assessment.Confidence = true, 0.8
	assessment.Severity, assessment.AnomalyType = hypocenterv1.Severity_SEVERITY_HIGH, "error"
	assessment.RootCause = "Errors were logged."
	assessment.RemediationSteps = []string{"Look at the first error."}
	for service := range affected {
		assessment.AffectedServices = append(assessment.AffectedServices, service)
	}
	sort.Strings(assessment.AffectedServices)
	return answer
}

// PutLogPages lets SearchLogs answer with these pages; without them it finds nothing. Their tokens are made here.
func (s *Server) PutLogPages(pages ...*hypocenterv1.SearchLogsResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logPages = pages
}

// SearchLogs answers with what was put.
func (l logService) SearchLogs(
	_ context.Context, request *hypocenterv1.SearchLogsRequest,
) (*hypocenterv1.SearchLogsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	number, _ := strconv.Atoi(request.GetPageToken())
	if number >= len(l.logPages) {
		return &hypocenterv1.SearchLogsResponse{}, nil
	}
	page := proto.CloneOf(l.logPages[number])
	if number++; number < len(l.logPages) {
		page.NextPageToken = strconv.Itoa(number)
	}
	return page, nil
}
