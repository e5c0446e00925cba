// Package fakeserver is a Hypocenter for tests: a real gRPC server on a loopback port that keeps what it is given,
// remembers every call, and fails when told to.
package fakeserver

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// Call is one call the server received.
type Call struct {
	Request  proto.Message
	Metadata metadata.MD
}

// Server answers on Address until the test ends.
type Server struct {
	Address string

	mu        sync.Mutex
	calls     map[string][]Call
	script    map[string][]error
	analyses  map[string]analysis
	blocked   map[string]chan struct{}
	work      int
	logPages  []*hypocenterv1.SearchLogsResponse
	incidents feed
	grpc      *grpc.Server
}

// Start starts a server on a free loopback port, with gRPC server options if any (TLS).
func Start(t testing.TB, options ...grpc.ServerOption) *Server {
	t.Helper()
	return StartAt(t, "127.0.0.1:0", options...)
}

// StartAt starts a server at an address where another was.
func StartAt(t testing.TB, address string, options ...grpc.ServerOption) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	s := &Server{
		Address:  listener.Addr().String(),
		calls:    map[string][]Call{},
		script:   map[string][]error{},
		analyses: map[string]analysis{},
		blocked:  map[string]chan struct{}{},
	}
	s.incidents.changed = sync.NewCond(&s.mu)
	s.grpc = grpc.NewServer(append(options, grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream))...)
	hypocenterv1.RegisterLogServiceServer(s.grpc, logService{Server: s})
	hypocenterv1.RegisterIncidentServiceServer(s.grpc, incidentService{Server: s})
	hypocenterv1.RegisterRootCauseServiceServer(s.grpc, rootCauseService{Server: s})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.grpc.Serve(listener)
	}()
	t.Cleanup(func() {
		s.grpc.Stop()
		<-served
	})
	return s
}

// Stop cuts every connection and listens no more.
func (s *Server) Stop() { s.grpc.Stop() }

// Script makes the next calls of a method, by its full name, fail in this order; nil lets one through.
func (s *Server) Script(method string, failures ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[method] = append(s.script[method], failures...)
}

// Block makes the calls of a method wait until they are released, or given up by their callers.
func (s *Server) Block(method string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.blocked[method] = gate
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(gate)
		delete(s.blocked, method)
	})
}

// Calls are the calls of a method so far, failed ones too.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls[method]...)
}

// admit remembers a call and plays the script.
func (s *Server) admit(ctx context.Context, method string, request any) error {
	headers, _ := metadata.FromIncomingContext(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method] = append(s.calls[method], Call{Request: proto.Clone(request.(proto.Message)), Metadata: headers})
	if gate, blocked := s.blocked[method]; blocked {
		s.mu.Unlock()
		select {
		case <-gate:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	if len(s.script[method]) == 0 {
		return nil
	}
	failure := s.script[method][0]
	s.script[method] = s.script[method][1:]
	return failure
}

func (s *Server) unary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (any, error) {
	if err := s.admit(ctx, info.FullMethod, request); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (s *Server) stream(
	service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler,
) error {
	return handle(service, &admittedStream{ServerStream: stream, server: s, method: info.FullMethod})
}

// admittedStream plays the script when the request of a server stream arrives.
type admittedStream struct {
	grpc.ServerStream
	server *Server
	method string
}

func (a *admittedStream) RecvMsg(message any) error {
	if err := a.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	return a.server.admit(a.Context(), a.method, message)
}
