package hypocenter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// ErrPlaintextToken is returned by [New] when a token would be sent unencrypted to another machine.
var ErrPlaintextToken = errors.New("a token is not sent in plain text to another machine")

func checkToken(token string) error {
	if token == "" {
		return errors.New("the token is empty")
	}
	// What a header cannot carry is most often the line feed at the end of a token file.
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token has spaces, line feeds or characters outside ASCII")
	}
	return nil
}

func (s *settings) transportCredentials() credentials.TransportCredentials {
	if !s.plaintext() {
		return credentials.NewTLS(s.tls)
	}
	if s.token != nil && !s.plaintextToken {
		return loopbackCredentials{insecure.NewCredentials()}
	}
	return insecure.NewCredentials()
}

func (s *settings) callCredentials() credentials.PerRPCCredentials {
	return bearer{source: s.token, requireTLS: !s.plaintext()}
}

// bearer adds the token to every call.
type bearer struct {
	source     func(context.Context) (string, error)
	requireTLS bool
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if err := checkToken(token); err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.requireTLS }

// loopbackCredentials are plain text that refuses any peer off this machine: what "localhost" resolves to, and where a
// proxy leads, is known only once connected.
type loopbackCredentials struct {
	credentials.TransportCredentials
}

func (l loopbackCredentials) ClientHandshake(
	ctx context.Context, authority string, connection net.Conn,
) (net.Conn, credentials.AuthInfo, error) {
	if !isLoopbackAddress(connection.RemoteAddr()) {
		return nil, nil, fmt.Errorf("%w: %v", ErrPlaintextToken, connection.RemoteAddr())
	}
	return l.TransportCredentials.ClientHandshake(ctx, authority, connection)
}

func (l loopbackCredentials) Clone() credentials.TransportCredentials {
	return loopbackCredentials{l.TransportCredentials.Clone()}
}

func isLoopbackAddress(address net.Addr) bool {
	switch a := address.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return false
	}
}

// isLoopback tells whether a gRPC target names this machine.
func isLoopback(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	if scheme, rest, found := strings.Cut(target, "://"); found {
		if scheme != "dns" && scheme != "passthrough" {
			// Another resolver may lead anywhere.
			return false
		}
		_, target, _ = strings.Cut(rest, "/")
	} else {
		target = strings.TrimPrefix(strings.TrimPrefix(target, "dns:"), "passthrough:")
	}
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		host = strings.Trim(target, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
