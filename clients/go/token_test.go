package hypocenter_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/internal/fakeserver"
)

func sentTokens(server *fakeserver.Server) []string {
	var tokens []string
	for _, call := range server.Calls(graph) {
		tokens = append(tokens, call.Metadata.Get("authorization")...)
	}
	return tokens
}

func TestTokenGoesToLoopbackInPlainText(t *testing.T) {
	server := fakeserver.Start(t)
	_, port, _ := net.SplitHostPort(server.Address)
	for _, target := range []string{server.Address, "localhost:" + port, "dns:///" + server.Address} {
		client := connect(t, target, hypocenter.WithToken("secret"))
		if _, err := client.GetServiceGraph(t.Context(), nil); err != nil {
			t.Fatalf("%s: %v", target, err)
		}
	}
	if got := strings.Join(sentTokens(server), " "); got != "Bearer secret Bearer secret Bearer secret" {
		t.Fatalf("sent %q", got)
	}
}

func TestTokenNeverLeavesInPlainText(t *testing.T) {
	for _, target := range []string{
		"hypocenter.example:4319", "10.0.0.1:4319", "localhost.example:4319", "dns:///192.0.2.1:4319", "xds:///localhost",
	} {
		_, err := hypocenter.New(target, hypocenter.WithInsecure(), hypocenter.WithToken("secret"))
		if !errors.Is(err, hypocenter.ErrPlaintextToken) {
			t.Errorf("%s: err = %v, want ErrPlaintextToken", target, err)
		}
		client, err := hypocenter.New(
			target, hypocenter.WithInsecure(), hypocenter.WithToken("secret"), hypocenter.WithPlaintextToken())
		if err != nil {
			t.Errorf("%s: explicitly allowed, and yet %v", target, err)
			continue
		}
		_ = client.Close()
	}
}

// elsewhere is a connection that says it leads to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4319} }

func TestTokenStaysWhenLocalhostLeadsElsewhere(t *testing.T) {
	server := fakeserver.Start(t)
	dial := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", server.Address)
		return elsewhere{connection}, err
	})
	client := connect(t, "localhost:4319", hypocenter.WithToken("secret"), hypocenter.WithDialOptions(dial))
	if _, err := client.GetServiceGraph(t.Context(), nil); !errors.Is(err, hypocenter.ErrUnavailable) {
		t.Fatalf("err = %v, want ErrUnavailable", err)
	}
	if tokens := sentTokens(server); len(tokens) != 0 {
		t.Fatalf("the token left: %v", tokens)
	}
}

func TestTokenSourceIsAskedForEveryCall(t *testing.T) {
	server := fakeserver.Start(t)
	tokens := []string{"first", "second"}
	client := connect(t, server.Address, hypocenter.WithTokenSource(func(context.Context) (string, error) {
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}))
	for range 2 {
		if _, err := client.GetServiceGraph(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(sentTokens(server), " "); got != "Bearer first Bearer second" {
		t.Fatalf("sent %q", got)
	}
}

func TestTLS(t *testing.T) {
	// httptest has a certificate for 127.0.0.1 and its authority.
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	certificate := web.TLS.Certificates[0]
	server := fakeserver.Start(t, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())

	trusting := connect(t, server.Address, hypocenter.WithTLS(&tls.Config{RootCAs: roots}), hypocenter.WithToken("secret"))
	if _, err := trusting.GetServiceGraph(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(sentTokens(server), " "); got != "Bearer secret" {
		t.Fatalf("sent %q", got)
	}
	doubting := connect(t, server.Address, hypocenter.WithTLS(nil), hypocenter.WithToken("secret"))
	if _, err := doubting.GetServiceGraph(t.Context(), nil); !errors.Is(err, hypocenter.ErrUnavailable) {
		t.Fatalf("an unknown authority gave %v", err)
	}
	if got := len(sentTokens(server)); got != 1 {
		t.Fatalf("%d calls arrived, want 1", got)
	}
}
