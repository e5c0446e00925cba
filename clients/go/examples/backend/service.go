package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/analysis"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/httpapi"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/worker"
)

const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	// A batch that takes longer than this to be accepted is enqueued twice over, which changes nothing.
	sweepAge = 2 * requestTimeout
)

// ready is the line on stdout that tells a supervisor, or a test, where the service listens.
type ready struct {
	Ready bool   `json:"ready"`
	HTTP  string `json:"http"`
}

// serve runs the service until the context ends, then lets go in the order of the flow: the door, the workers, the
// storage.
func serve(ctx context.Context, c config, stdout io.Writer, log *slog.Logger) (err error) {
	client, err := newClient(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	kept, err := openStorage(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.close()) }()

	wake := make(chan struct{}, c.workers)
	api := &httpapi.API{Store: kept.store, Queue: kept.queue, Log: log, MaxBodyBytes: c.maxBodyBytes, Accepted: func() {
		select {
		case wake <- struct{}{}:
		default: // as many wake-ups wait as there are workers
		}
	}}
	pool := &worker.Pool{
		Queue: kept.queue, Store: kept.store, Log: log, Workers: c.workers, Lease: c.lease, Poll: c.poll,
		Analyzer: analysis.Analyzer{Client: client, Timeout: c.analysisTimeout},
		Retries:  c.retries, Grace: c.grace, Wake: wake,
	}
	sweeper := worker.Sweeper{Queue: kept.queue, Store: kept.store, Log: log, Every: c.sweep, Age: sweepAge}

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { pool.Run(background) })
	running.Go(func() { sweeper.Run(background) })
	defer func() {
		stop()
		running.Wait()
	}()
	if err := json.NewEncoder(stdout).Encode(ready{Ready: true, HTTP: listener.Addr().String()}); err != nil {
		return errors.Join(fmt.Errorf("stdout: %w", err), listener.Close())
	}
	return serveHTTP(ctx, listener, api.Handler(), log)
}

// serveHTTP serves until the context ends, and then until every request under way is answered.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.InfoContext(ctx, "listening", "http", listener.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "shutting down")
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

func newClient(c config) (*hypocenter.Client, error) {
	var options []hypocenter.Option
	if c.hypocenterTLS {
		options = append(options, hypocenter.WithTLS(nil))
	}
	if c.hypocenterToken != "" {
		options = append(options, hypocenter.WithToken(c.hypocenterToken))
	}
	return hypocenter.New(c.hypocenter, options...)
}
