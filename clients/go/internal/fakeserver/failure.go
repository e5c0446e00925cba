package fakeserver

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Unavailable is UNAVAILABLE as a server in trouble sends it.
func Unavailable() error { return status.Error(codes.Unavailable, "store is starting") }

// Throttled is a code with RetryInfo.
func Throttled(code codes.Code, delay time.Duration) error {
	return failure(code, "too busy", &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
}

// Invalid is INVALID_ARGUMENT about one field.
func Invalid(reason, field, description string) error {
	return failure(codes.InvalidArgument, "the request is invalid",
		&errdetails.ErrorInfo{Reason: reason, Domain: "hypocenter", Metadata: map[string]string{"field": field}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: field, Description: description},
		}})
}

func failure(code codes.Code, message string, details ...protoadapt.MessageV1) error {
	with, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		return err
	}
	return with.Err()
}
