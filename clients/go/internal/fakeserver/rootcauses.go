package fakeserver

import (
	"context"

	"google.golang.org/grpc"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

type rootCauseService struct {
	hypocenterv1.UnimplementedRootCauseServiceServer
	*Server
}

func (r rootCauseService) AnalyzeRootCause(
	_ context.Context, request *hypocenterv1.AnalyzeRootCauseRequest,
) (*hypocenterv1.AnalyzeRootCauseResponse, error) {
	if request.GetSubject() == nil {
		return nil, Invalid("NO_SUBJECT", "subject", "is required")
	}
	return &hypocenterv1.AnalyzeRootCauseResponse{Diagnosis: &hypocenterv1.Diagnosis{
		Summary:    "payment stopped answering",
		RootCauses: []*hypocenterv1.RootCause{{ServiceName: "payment", Score: 3}},
	}}, nil
}

func (r rootCauseService) GetServiceGraph(
	_ context.Context, request *hypocenterv1.GetServiceGraphRequest,
) (*hypocenterv1.GetServiceGraphResponse, error) {
	return &hypocenterv1.GetServiceGraphResponse{ServiceGraph: &hypocenterv1.ServiceGraph{
		Nodes: []*hypocenterv1.ServiceNode{{ServiceName: "cart"}, {ServiceName: "payment"}},
		Edges: []*hypocenterv1.ServiceEdge{{Client: "cart", Server: "payment", RequestCount: 7}},
	}}, nil
}

func (r rootCauseService) AnswerQuestion(
	request *hypocenterv1.AnswerQuestionRequest, stream grpc.ServerStreamingServer[hypocenterv1.AnswerQuestionResponse],
) error {
	for _, part := range []*hypocenterv1.AnswerQuestionResponse{
		{Part: &hypocenterv1.AnswerQuestionResponse_Text{Text: "payment"}},
		{Part: &hypocenterv1.AnswerQuestionResponse_Citation{Citation: &hypocenterv1.Citation{
			Source: &hypocenterv1.Citation_TraceId{TraceId: "4bf92f3577b34da6a3ce929d0e0e4736"},
		}}},
	} {
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}
