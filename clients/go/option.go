package hypocenter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
)

// DefaultTimeout bounds a call whose context has no deadline.
const DefaultTimeout = 30 * time.Second

// Option changes how a [Client] connects and calls.
type Option func(*settings) error

type transport int

const (
	transportByTarget transport = iota
	transportTLS
	transportPlaintext
)

type settings struct {
	loopback       bool
	transport      transport
	tls            *tls.Config
	token          func(context.Context) (string, error)
	plaintextToken bool
	timeout        time.Duration
	retry          RetryPolicy
	dialOptions    []grpc.DialOption
}

func newSettings(target string, options []Option) (*settings, error) {
	if strings.TrimSpace(target) == "" {
		return nil, errors.New("hypocenter: the target is empty; it is written HOST:PORT")
	}
	s := &settings{loopback: isLoopback(target), timeout: DefaultTimeout, retry: DefaultRetryPolicy()}
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, fmt.Errorf("hypocenter: %w", err)
		}
	}
	if s.token != nil && s.plaintext() && !s.loopback && !s.plaintextToken {
		return nil, fmt.Errorf("hypocenter: %w: %s", ErrPlaintextToken, target)
	}
	return s, nil
}

// plaintext tells whether the connection goes without TLS.
func (s *settings) plaintext() bool {
	return s.transport == transportPlaintext || s.transport == transportByTarget && s.loopback
}

// WithTLS connects with TLS, whatever the target. A nil config trusts the system's roots.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) error {
		if s.transport == transportPlaintext {
			return errors.New("WithTLS and WithInsecure exclude each other")
		}
		s.transport, s.tls = transportTLS, config.Clone()
		return nil
	}
}

// WithInsecure connects in plain text, whatever the target.
func WithInsecure() Option {
	return func(s *settings) error {
		if s.transport == transportTLS {
			return errors.New("WithTLS and WithInsecure exclude each other")
		}
		s.transport = transportPlaintext
		return nil
	}
}

// WithToken sends a bearer token with every call.
func WithToken(token string) Option {
	return func(s *settings) error {
		if err := checkToken(token); err != nil {
			return err
		}
		s.token = func(context.Context) (string, error) { return token, nil }
		return nil
	}
}

// WithTokenSource asks for the bearer token before every call, for tokens that are renewed. The source is called from
// many goroutines and does its own caching.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(s *settings) error {
		if source == nil {
			return errors.New("the token source is nil")
		}
		s.token = source
		return nil
	}
}

// WithPlaintextToken allows the token to leave this machine unencrypted, for networks that encrypt underneath (a
// service mesh). Without it New returns [ErrPlaintextToken].
func WithPlaintextToken() Option {
	return func(s *settings) error {
		s.plaintextToken = true
		return nil
	}
}

// WithTimeout bounds every call whose context has no deadline, all its retries included; watches are not bounded. Zero
// means no bound. The default is [DefaultTimeout].
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error {
		if timeout < 0 {
			return fmt.Errorf("the timeout is negative: %v", timeout)
		}
		s.timeout = timeout
		return nil
	}
}

// WithRetry sets when and how often calls are repeated. The default is [DefaultRetryPolicy].
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		if err := policy.validate(); err != nil {
			return err
		}
		s.retry = policy
		return nil
	}
}

// WithDialOptions passes options to gRPC, such as interceptors or a stats handler for tracing. They win over ours.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) error {
		s.dialOptions = append(s.dialOptions, options...)
		return nil
	}
}
