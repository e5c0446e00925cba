package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/analysis"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

const (
	// What is written at the end of a job must be written even when the job was cancelled, but not for ever.
	settleTimeout = 10 * time.Second
	// A server's message is kept, a megabyte of it is not.
	maxErrorBytes = 2000
)

// errNoEnd is what is known of a job whose workers never came back.
var errNoEnd = errors.New("every attempt ended with its worker")

// do works on one claimed job and settles it, one way or another.
func (p *Pool) do(ctx context.Context, job queue.Job) {
	log := p.Log.With("job", job.ID, "attempt", job.Attempts)
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go p.keepLease(working, job, cancel)

	err := p.attempt(working, job)
	if err != nil && working.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(working), err)
	}
	cancel(nil)
	settling, end := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer end()
	switch {
	case err == nil:
		err = p.Queue.Complete(settling, job)
	case errors.Is(err, queue.ErrLeaseLost):
	case errors.Is(err, errShutdown):
		err = p.Queue.Retry(settling, job, 0, message(err))
	case analysis.IsPermanent(err) || p.Retries.exhausted(job.Attempts):
		log.ErrorContext(ctx, "given up", "error", err)
		err = p.bury(settling, job, err)
	default:
		delay := p.Retries.delay(job.Attempts, analysis.RetryDelay(err))
		log.WarnContext(ctx, "to be tried again", "error", err, "delay", delay)
		err = p.Queue.Retry(settling, job, delay, message(err))
	}
	if err != nil {
		// The lease runs out, and the job is done again.
		log.WarnContext(ctx, "not settled", "error", err)
	}
}

// attempt analyzes the job's batch and stores the results. A batch that is finished, or was never accepted, is done.
func (p *Pool) attempt(ctx context.Context, job queue.Job) error {
	entries, err := p.Store.Batch(ctx, job.ID)
	if err != nil || !hasPending(entries) {
		return err
	}
	if p.Retries.exhausted(job.Attempts - 1) {
		// Its workers died too often to be asked; another attempt might kill this one as well.
		if job.LastError != "" {
			return errors.New(job.LastError)
		}
		return errNoEnd
	}
	records := make([]record.Record, len(entries))
	for i, entry := range entries {
		records[i] = entry.Record
	}
	results, err := p.Analyzer.Analyze(ctx, job.ID, records)
	if err != nil {
		return err
	}
	return p.Store.SaveResults(ctx, results)
}

// bury marks the records first: were the queue first, a crash in between would leave them pending for ever.
func (p *Pool) bury(ctx context.Context, job queue.Job, cause error) error {
	entries, err := p.Store.Batch(ctx, job.ID)
	if err != nil {
		return err
	}
	var results []record.Result
	for _, entry := range entries {
		results = append(results, record.Result{
			RecordID: entry.ID, State: record.Dead, Error: message(cause), Finished: time.Now().UTC(),
		})
	}
	if err := p.Store.SaveResults(ctx, results); err != nil {
		return err
	}
	return p.Queue.Bury(ctx, job, message(cause))
}

// keepLease renews the lease until the context ends, and ends the work when the lease is lost.
func (p *Pool) keepLease(ctx context.Context, job queue.Job, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(p.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := p.Queue.Extend(ctx, job, p.Lease); errors.Is(err, queue.ErrLeaseLost) {
				cancel(err)
				return
			}
		}
	}
}

func hasPending(entries []record.Entry) bool {
	for _, entry := range entries {
		if entry.State == record.Pending {
			return true
		}
	}
	return false
}

func message(err error) string {
	text := err.Error()
	if len(text) > maxErrorBytes {
		text = text[:maxErrorBytes]
	}
	return strings.ToValidUTF8(text, "")
}
