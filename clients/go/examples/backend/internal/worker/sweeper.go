package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

// Sweeper enqueues what the store says is pending and the queue has not: after a crash between the two, after a Redis
// that forgot. For a job that is there it changes nothing.
type Sweeper struct {
	Queue queue.Queue
	Store store.Store
	Log   *slog.Logger
	Every time.Duration
	// Age leaves batches alone that are being accepted right now.
	Age time.Duration
}

const sweepPage = 500

// Run sweeps at once, everything received before now, and then regularly until the context ends.
func (s Sweeper) Run(ctx context.Context) {
	before := time.Now()
	for {
		added, err := s.sweep(ctx, before)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, queue.ErrFull):
			s.Log.InfoContext(ctx, "the queue is full, sweeping later", "checked", added)
		case err != nil:
			s.Log.ErrorContext(ctx, "sweep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.Every):
			before = time.Now().Add(-s.Age)
		}
	}
}

// sweep returns how many pending batches are in the queue for sure.
func (s Sweeper) sweep(ctx context.Context, before time.Time) (checked int, err error) {
	for last := ""; ; {
		ids, err := s.Store.PendingBatches(ctx, last, before, sweepPage)
		if err != nil || len(ids) == 0 {
			return checked, err
		}
		for _, last = range ids {
			if err := s.Queue.Enqueue(ctx, last); err != nil {
				return checked, err
			}
			checked++
		}
	}
}
