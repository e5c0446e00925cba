package hypocenter_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

func ExampleNew() {
	client, err := hypocenter.New("hypocenter.example:4319",
		hypocenter.WithTLS(nil),
		hypocenter.WithToken(os.Getenv("HYPOCENTER_TOKEN")),
		hypocenter.WithTimeout(10*time.Second),
		hypocenter.WithRetry(hypocenter.RetryPolicy{MaxAttempts: 4, Initial: 100 * time.Millisecond, Max: 2 * time.Second}),
	)
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = client.Close() }()
}

func ExampleClient_AnalyzeLogs() {
	client, err := hypocenter.New("127.0.0.1:4319")
	if err != nil {
		log.Fatal(err)
	}
	text := func(s string) *commonv1.AnyValue {
		return &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: s}}
	}
	logs := &logsv1.LogsData{ResourceLogs: []*logsv1.ResourceLogs{{
		Resource: &resourcev1.Resource{
			Attributes: []*commonv1.KeyValue{{Key: "service.name", Value: text("payment")}},
		},
		ScopeLogs: []*logsv1.ScopeLogs{{LogRecords: []*logsv1.LogRecord{{
			TimeUnixNano:   uint64(time.Now().UnixNano()),
			SeverityNumber: logsv1.SeverityNumber_SEVERITY_NUMBER_ERROR,
			Body:           text("dial tcp 10.0.3.7:5432: connect: connection refused"),
		}}}},
	}}}
	answer, err := client.AnalyzeLogs(context.Background(), &hypocenterv1.AnalyzeLogsRequest{
		Source:    &hypocenterv1.AnalyzeLogsRequest_Logs{Logs: logs},
		RequestId: "0199-batch-7",
	})
	var failure *hypocenter.Error
	switch {
	case errors.As(err, &failure) && errors.Is(err, hypocenter.ErrInvalidInput):
		fmt.Println("fix", failure.Violations)
	case err != nil:
		log.Fatal(err)
	case answer.GetAssessment().GetIsAnomaly():
		fmt.Println(answer.GetAssessment().GetRootCause())
	}
}

func ExampleClient_SearchLogs() {
	client, err := hypocenter.New("127.0.0.1:4319")
	if err != nil {
		log.Fatal(err)
	}
	request := &hypocenterv1.SearchLogsRequest{Query: "connection refused", Filter: "service_name = payment"}
	for entry, err := range client.SearchLogs(context.Background(), request) {
		switch {
		case errors.Is(err, hypocenter.ErrIncomplete):
			fmt.Println("there may be more:", err)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(entry.GetRecord().GetBody().GetStringValue())
		}
	}
}

func ExampleClient_WatchIncidents() {
	client, err := hypocenter.New("127.0.0.1:4319")
	if err != nil {
		log.Fatal(err)
	}
	request := &hypocenterv1.WatchIncidentsRequest{Filter: "severity >= HIGH"}
	for event, err := range client.WatchIncidents(context.Background(), request) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.GetEventType(), event.GetIncident().GetTitle())
	}
}
