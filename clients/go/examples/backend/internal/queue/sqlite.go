package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// due is when a waiting job may be claimed, or when a lease runs out: both make a job claimable, so it is one column.
var schema = []string{
	`CREATE TABLE IF NOT EXISTS jobs (
		id TEXT PRIMARY KEY,
		dead BOOLEAN NOT NULL,
		due_unix_nano BIGINT NOT NULL,
		lease TEXT NOT NULL,
		attempts INTEGER NOT NULL,
		error TEXT NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS jobs_due ON jobs (dead, due_unix_nano)`,
}

type sqliteQueue struct {
	db       *sql.DB
	capacity int
}

// NewSQLite keeps jobs in a database opened by package sqlitefile. Close leaves it open.
func NewSQLite(ctx context.Context, db *sql.DB, capacity int) (Queue, error) {
	for _, statement := range schema {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("queue schema: %w", err)
		}
	}
	return &sqliteQueue{db: db, capacity: capacity}, nil
}

func (q *sqliteQueue) Room(ctx context.Context) error {
	stats, err := q.Stats(ctx)
	if err == nil && stats.Live >= q.capacity {
		err = ErrFull
	}
	return err
}

func (q *sqliteQueue) Enqueue(ctx context.Context, id string) error {
	added, err := q.changed(ctx, `INSERT INTO jobs (id, dead, due_unix_nano, lease, attempts, error)
		SELECT $1, FALSE, $2, '', 0, '' WHERE (SELECT count(*) FROM jobs WHERE NOT dead) < $3
		ON CONFLICT (id) DO NOTHING`, id, time.Now().UnixNano(), q.capacity)
	if err != nil || added {
		return err
	}
	var known bool
	if err := q.db.QueryRowContext(ctx, `SELECT count(*) > 0 FROM jobs WHERE id = $1`, id).Scan(&known); err != nil {
		return err
	}
	if !known {
		return ErrFull
	}
	return nil
}

func (q *sqliteQueue) Claim(ctx context.Context, lease time.Duration) (Job, error) {
	now := time.Now()
	job := Job{Lease: uuid.NewString()}
	err := q.db.QueryRowContext(ctx, `UPDATE jobs SET lease = $1, due_unix_nano = $2, attempts = attempts + 1
		WHERE id = (SELECT id FROM jobs WHERE NOT dead AND due_unix_nano <= $3 ORDER BY due_unix_nano, id LIMIT 1)
		RETURNING id, attempts, error`, job.Lease, now.Add(lease).UnixNano(), now.UnixNano(),
	).Scan(&job.ID, &job.Attempts, &job.LastError)
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, ErrEmpty
	}
	return job, err
}

func (q *sqliteQueue) Extend(ctx context.Context, job Job, lease time.Duration) error {
	return q.ofLease(ctx, `UPDATE jobs SET due_unix_nano = $3 WHERE id = $1 AND lease = $2 AND NOT dead`,
		job.ID, job.Lease, time.Now().Add(lease).UnixNano())
}

func (q *sqliteQueue) Complete(ctx context.Context, job Job) error {
	return q.ofLease(ctx, `DELETE FROM jobs WHERE id = $1 AND lease = $2 AND NOT dead`, job.ID, job.Lease)
}

func (q *sqliteQueue) Retry(ctx context.Context, job Job, delay time.Duration, cause string) error {
	return q.ofLease(ctx, `UPDATE jobs SET due_unix_nano = $3, lease = '', error = $4
		WHERE id = $1 AND lease = $2 AND NOT dead`, job.ID, job.Lease, time.Now().Add(delay).UnixNano(), cause)
}

func (q *sqliteQueue) Bury(ctx context.Context, job Job, cause string) error {
	return q.ofLease(ctx, `UPDATE jobs SET dead = TRUE, due_unix_nano = $3, lease = '', error = $4
		WHERE id = $1 AND lease = $2 AND NOT dead`, job.ID, job.Lease, time.Now().UnixNano(), cause)
}

func (q *sqliteQueue) Dead(ctx context.Context, limit int) (dead []DeadJob, err error) {
	rows, err := q.db.QueryContext(ctx, `SELECT id, attempts, error FROM jobs WHERE dead
		ORDER BY due_unix_nano DESC LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var job DeadJob
		if err := rows.Scan(&job.ID, &job.Attempts, &job.Error); err != nil {
			return nil, err
		}
		dead = append(dead, job)
	}
	return dead, rows.Err()
}

func (q *sqliteQueue) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := q.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM jobs WHERE NOT dead),
		(SELECT count(*) FROM jobs WHERE dead)`).Scan(&stats.Live, &stats.Dead)
	return stats, err
}

func (q *sqliteQueue) Close() error { return nil }

// ofLease runs a statement that must hit the one job the lease is for.
func (q *sqliteQueue) ofLease(ctx context.Context, statement string, values ...any) error {
	hit, err := q.changed(ctx, statement, values...)
	if err == nil && !hit {
		err = ErrLeaseLost
	}
	return err
}

func (q *sqliteQueue) changed(ctx context.Context, statement string, values ...any) (bool, error) {
	done, err := q.db.ExecContext(ctx, statement, values...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}
