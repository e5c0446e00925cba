// Package store keeps records and results. It is the truth of the back end: once a batch is inserted it is analyzed,
// whatever happens to the queue.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

// ErrNotFound is returned for an id that is not stored.
var ErrNotFound = errors.New("not found")

// Cursor is a place in the list of anomalies: after this one. The zero cursor is the start.
type Cursor struct {
	FinishedUnixNano int64
	RecordID         string
}

// Store keeps records and results. Methods are safe for many goroutines and processes.
type Store interface {
	// Insert adds the records of one batch, all or none.
	Insert(ctx context.Context, batch []record.Record) error
	// Discard removes the records of a batch that was not accepted after all.
	Discard(ctx context.Context, batchID string) error
	// Batch returns the entries of a batch in the order they were inserted; empty when there is none.
	Batch(ctx context.Context, batchID string) ([]record.Entry, error)
	// Get returns one entry, or ErrNotFound.
	Get(ctx context.Context, id string) (record.Entry, error)
	// SaveResults upserts results by record id, all or none. A dead result never replaces an analyzed one; a result of
	// an unknown record is an error.
	SaveResults(ctx context.Context, results []record.Result) error
	// Anomalies returns up to limit anomalous entries, newest result first.
	Anomalies(ctx context.Context, after Cursor, limit int) ([]record.Entry, error)
	// PendingBatches returns up to limit ids of batches that have records without a result and were received before a
	// time, in ascending order after an id.
	PendingBatches(ctx context.Context, after string, before time.Time, limit int) ([]string, error)
	// Ping tells whether the store answers.
	Ping(ctx context.Context) error
	Close() error
}
