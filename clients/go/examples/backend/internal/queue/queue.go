// Package queue holds the jobs of the workers. A job is the id of a batch in the store: nothing is lost with a queue,
// since it can be filled again from there.
package queue

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrFull is returned when as many jobs wait as the queue holds.
	ErrFull = errors.New("the queue is full")
	// ErrEmpty is returned when no job is due.
	ErrEmpty = errors.New("no job is due")
	// ErrLeaseLost is returned for a job that is no longer this worker's: its lease ran out and another has it.
	ErrLeaseLost = errors.New("the lease is lost")
)

// Job is a claimed job.
type Job struct {
	ID string
	// Attempts counts the claims, this one too. A worker that died counts.
	Attempts int
	// LastError is of the attempt before; empty at first, and after an attempt that ended with its worker.
	LastError string
	// Lease proves the claim.
	Lease string
}

// DeadJob is a job that was given up.
type DeadJob struct {
	ID       string
	Attempts int
	Error    string
}

// Stats counts jobs. Live ones wait or are being worked on.
type Stats struct {
	Live int
	Dead int
}

// Queue hands each job to one worker at a time. Methods are safe for many goroutines and processes.
type Queue interface {
	// Room returns ErrFull when Enqueue would.
	Room(ctx context.Context) error
	// Enqueue adds a job that is due at once. An id that is already there, live or dead, is left as it is.
	Enqueue(ctx context.Context, id string) error
	// Claim takes the job that has been due longest and leases it: when the lease runs out it is due again. It returns
	// ErrEmpty at once when there is none.
	Claim(ctx context.Context, lease time.Duration) (Job, error)
	// Extend renews the lease from now.
	Extend(ctx context.Context, job Job, lease time.Duration) error
	// Complete removes a finished job.
	Complete(ctx context.Context, job Job) error
	// Retry gives the job back, due after a delay.
	Retry(ctx context.Context, job Job, delay time.Duration, cause string) error
	// Bury gives the job up and keeps it, with the cause, among the dead.
	Bury(ctx context.Context, job Job, cause string) error
	// Dead returns up to limit dead jobs, newest first.
	Dead(ctx context.Context, limit int) ([]DeadJob, error)
	Stats(ctx context.Context) (Stats, error)
	Close() error
}
