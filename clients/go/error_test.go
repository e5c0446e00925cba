package hypocenter_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
	"github.com/hypocenter/hypocenter/clients/go/internal/fakeserver"
)

func TestErrorCarriesWhatTheServerSaid(t *testing.T) {
	client := connect(t, fakeserver.Start(t).Address)
	_, err := client.AnalyzeLogs(t.Context(), &hypocenterv1.AnalyzeLogsRequest{})
	var failure *hypocenter.Error
	if !errors.As(err, &failure) {
		t.Fatalf("err = %v, want *hypocenter.Error", err)
	}
	if failure.Reason != "NO_LOGS" || failure.Domain != "hypocenter" || failure.Metadata["field"] != "logs" {
		t.Errorf("ErrorInfo = %q, %q, %v", failure.Reason, failure.Domain, failure.Metadata)
	}
	if len(failure.Violations) != 1 || failure.Violations[0].Field != "logs" {
		t.Errorf("violations = %v", failure.Violations)
	}
	if !errors.Is(err, hypocenter.ErrInvalidInput) || errors.Is(err, hypocenter.ErrNotFound) {
		t.Errorf("kinds of %v are wrong", err)
	}
	if received, ok := status.FromError(err); !ok || received.Code() != codes.InvalidArgument {
		t.Errorf("status.FromError = %v, %v", received, ok)
	}
	for _, part := range []string{"LogService/AnalyzeLogs", "InvalidArgument", "NO_LOGS", "logs: is required"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	for kind, code := range map[error]codes.Code{
		hypocenter.ErrInvalidInput:     codes.InvalidArgument,
		hypocenter.ErrNotFound:         codes.NotFound,
		hypocenter.ErrConflict:         codes.Aborted,
		hypocenter.ErrTooOld:           codes.OutOfRange,
		hypocenter.ErrOverloaded:       codes.ResourceExhausted,
		hypocenter.ErrUnauthenticated:  codes.Unauthenticated,
		hypocenter.ErrPermissionDenied: codes.PermissionDenied,
	} {
		server := fakeserver.Start(t)
		server.Script(graph, status.Error(code, "x"))
		if _, err := connect(t, server.Address).GetServiceGraph(t.Context(), nil); !errors.Is(err, kind) {
			t.Errorf("%v is not %v", err, kind)
		}
	}
}
