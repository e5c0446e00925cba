// Package worker does the jobs of the queue in the background.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

// Analyzer returns one result per record, in their order; again the same for the same request id.
type Analyzer interface {
	Analyze(ctx context.Context, requestID string, records []record.Record) ([]record.Result, error)
}

// Pool is a number of workers. Fields are set before Run and not changed after.
type Pool struct {
	Queue    queue.Queue
	Store    store.Store
	Analyzer Analyzer
	Log      *slog.Logger
	Workers  int
	// Lease is how long after a worker's death its job is taken up again; a living worker renews it.
	Lease time.Duration
	// Poll is how often an idle worker looks for jobs that became due, or that another process enqueued.
	Poll    time.Duration
	Retries Retries
	// Grace is how long a shutdown waits for jobs that are being worked on, before it gives them back.
	Grace time.Duration
	// Wake lets idle workers look at once. Senders never block on it.
	Wake chan struct{}
}

// Run works until the context ends and every worker has finished or given back its job.
func (p *Pool) Run(ctx context.Context) {
	// Jobs outlive the context by the grace.
	jobs, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(p.Grace, func() { cancel(errShutdown) })
	})
	defer stop()
	var workers sync.WaitGroup
	for range p.Workers {
		workers.Go(func() { p.work(ctx, jobs) })
	}
	workers.Wait()
}

var errShutdown = errors.New("given back at shutdown")

func (p *Pool) work(ctx, jobs context.Context) {
	for ctx.Err() == nil {
		claimed, err := p.Queue.Claim(ctx, p.Lease)
		if err == nil {
			p.do(jobs, claimed)
			continue
		}
		if !errors.Is(err, queue.ErrEmpty) && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "the queue does not answer", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-p.Wake:
		case <-time.After(p.Poll):
		}
	}
}
