package hypocenter

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

const (
	// The answer to a large AnalyzeLogs has one result per record and easily passes gRPC's own 4 MiB.
	maxMessageBytes = 64 << 20
	// A server may cut clients that ping more often than every five minutes; a watch must still notice a dead peer.
	keepaliveTime = 6 * time.Minute
)

// gRPC's own waits between connection attempts, up to two minutes, would outlast our retries and a server's restart.
var connecting = grpc.ConnectParams{
	Backoff: backoff.Config{
		BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second,
	},
	MinConnectTimeout: 5 * time.Second,
}

// Client calls one Hypocenter server. It is safe for use by many goroutines; make one and keep it.
type Client struct {
	connection *grpc.ClientConn
	logs       hypocenterv1.LogServiceClient
	incidents  hypocenterv1.IncidentServiceClient
	rootCauses hypocenterv1.RootCauseServiceClient
	timeout    time.Duration
	retry      RetryPolicy
}

// New makes a client for a gRPC target such as "127.0.0.1:4319" or "dns:///hypocenter.example:4319". It does not
// connect: the first call does. The error is about the target or the options.
func New(target string, options ...Option) (*Client, error) {
	settings, err := newSettings(target, options)
	if err != nil {
		return nil, err
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(settings.transportCredentials()),
		grpc.WithUserAgent("hypocenter-go"),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)),
		grpc.WithConnectParams(connecting),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime}),
		// Retries are ours: a service config must not add others.
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
	}
	if settings.token != nil {
		dial = append(dial, grpc.WithPerRPCCredentials(settings.callCredentials()))
	}
	connection, err := grpc.NewClient(target, append(dial, settings.dialOptions...)...)
	if err != nil {
		return nil, fmt.Errorf("hypocenter: target %q: %w", target, err)
	}
	return &Client{
		connection: connection,
		logs:       hypocenterv1.NewLogServiceClient(connection),
		incidents:  hypocenterv1.NewIncidentServiceClient(connection),
		rootCauses: hypocenterv1.NewRootCauseServiceClient(connection),
		timeout:    settings.timeout,
		retry:      settings.retry,
	}, nil
}

// Close ends all calls and frees the connection.
func (c *Client) Close() error { return c.connection.Close() }

// Connection is the gRPC connection, for calls this package has no method for (health, reflection). Calls made on it
// directly are neither retried nor given a deadline.
func (c *Client) Connection() grpc.ClientConnInterface { return c.connection }

// bounded gives a context without a deadline the client's own.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, set := ctx.Deadline(); set || c.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.timeout)
}

// call makes a unary call, again and again as the retry policy has it when it is repeatable.
func call[Q, A any](
	ctx context.Context, c *Client, method string, repeatable bool, request Q,
	invoke func(context.Context, Q, ...grpc.CallOption) (A, error),
) (A, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		answer, err := invoke(ctx, request)
		if err == nil {
			return answer, nil
		}
		failure := newError(method, attempt, err)
		if !repeatable || !c.retry.pause(ctx, attempt, failure) {
			var none A
			return none, failure
		}
	}
}
