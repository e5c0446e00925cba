package hypocenter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kinds of failure, for errors.Is. Any of them matches an [*Error] of its status code.
var (
	// ErrInvalidInput is INVALID_ARGUMENT: the request is wrong; Error.Violations says where.
	ErrInvalidInput = errors.New("invalid input")
	// ErrNotFound is NOT_FOUND.
	ErrNotFound = errors.New("not found")
	// ErrConflict is ABORTED: the etag is not current. Get the incident again.
	ErrConflict = errors.New("conflict")
	// ErrTooOld is OUT_OF_RANGE: the resume token of a watch is no longer held. List again and watch without one.
	ErrTooOld = errors.New("too old")
	// ErrOverloaded is RESOURCE_EXHAUSTED: too much was asked, at once or in all.
	ErrOverloaded = errors.New("overloaded")
	// ErrUnavailable is UNAVAILABLE, after all retries.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnauthenticated is UNAUTHENTICATED: the token is missing or wrong.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrPermissionDenied is PERMISSION_DENIED.
	ErrPermissionDenied = errors.New("permission denied")
)

// ErrIncomplete ends a search of logs that came to nothing worse than missing some: there was more to look through than
// one search may, or others were searching all the while. Name a service or a shorter time. It is no [*Error].
var ErrIncomplete = errors.New("log entries may be missing")

// Error is a failed call. Unwrap leads to the gRPC status error, so status.FromError and status.Code work on it; a
// call that ran out of time matches context.DeadlineExceeded, one that was cancelled context.Canceled.
type Error struct {
	// Method is the full name, such as "/hypocenter.v1.LogService/AnalyzeLogs".
	Method string
	// Attempts is how often the call was made.
	Attempts int
	Code     codes.Code
	Message  string
	// Reason, Domain and Metadata are of the server's ErrorInfo; empty when it sent none.
	Reason   string
	Domain   string
	Metadata map[string]string
	// Violations are of the server's BadRequest: what is wrong with which field.
	Violations []FieldViolation
	// RetryDelay is of the server's RetryInfo.
	RetryDelay time.Duration

	hasRetryInfo bool
	status       error
	interrupted  error
}

// FieldViolation is one thing wrong with a request.
type FieldViolation struct {
	Field       string
	Description string
}

func newError(method string, attempts int, err error) *Error {
	received := status.Convert(err)
	failure := &Error{
		Method: method, Attempts: attempts, Code: received.Code(), Message: received.Message(), status: err,
	}
	for _, detail := range received.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			failure.Reason, failure.Domain, failure.Metadata = d.GetReason(), d.GetDomain(), d.GetMetadata()
		case *errdetails.RetryInfo:
			failure.hasRetryInfo = true
			failure.RetryDelay = max(0, d.GetRetryDelay().AsDuration())
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				failure.Violations = append(failure.Violations, FieldViolation{v.GetField(), v.GetDescription()})
			}
		}
	}
	return failure
}

// Temporary tells whether the same call may succeed later: UNAVAILABLE, or RESOURCE_EXHAUSTED with RetryInfo.
func (e *Error) Temporary() bool {
	return e.Code == codes.Unavailable || e.Code == codes.ResourceExhausted && e.hasRetryInfo
}

// Error names the call, the code, the reason, the message and the fields.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "hypocenter: %s: %s", strings.TrimPrefix(e.Method, "/hypocenter.v1."), e.Code)
	if e.Reason != "" {
		fmt.Fprintf(&text, " (%s)", e.Reason)
	}
	if e.Message != "" {
		fmt.Fprintf(&text, ": %s", e.Message)
	}
	for _, v := range e.Violations {
		fmt.Fprintf(&text, "; %s: %s", v.Field, v.Description)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&text, " (%d attempts)", e.Attempts)
	}
	return text.String()
}

// Is matches the kinds of failure by status code.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrInvalidInput:
		return e.Code == codes.InvalidArgument
	case ErrNotFound:
		return e.Code == codes.NotFound
	case ErrConflict:
		return e.Code == codes.Aborted
	case ErrTooOld:
		return e.Code == codes.OutOfRange
	case ErrOverloaded:
		return e.Code == codes.ResourceExhausted
	case ErrUnavailable:
		return e.Code == codes.Unavailable
	case ErrUnauthenticated:
		return e.Code == codes.Unauthenticated
	case ErrPermissionDenied:
		return e.Code == codes.PermissionDenied
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	default:
		return false
	}
}

// Unwrap leads to the status error and to the context's error, if that ended the retries.
func (e *Error) Unwrap() []error {
	if e.interrupted != nil {
		return []error{e.status, e.interrupted}
	}
	return []error{e.status}
}

// GRPCStatus is the status as received, for status.FromError.
func (e *Error) GRPCStatus() *status.Status { return status.Convert(e.status) }
