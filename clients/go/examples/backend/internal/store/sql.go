package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

// Documents are TEXT, not JSONB: a log message may hold "\u0000", which JSONB refuses.
var schema = []string{
	`CREATE TABLE IF NOT EXISTS records (
		id TEXT PRIMARY KEY,
		batch_id TEXT NOT NULL,
		position INTEGER NOT NULL,
		received_unix_nano BIGINT NOT NULL,
		pending BOOLEAN NOT NULL,
		document TEXT NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS records_batch ON records (batch_id, position)`,
	`CREATE INDEX IF NOT EXISTS records_pending ON records (batch_id) WHERE pending`,
	`CREATE TABLE IF NOT EXISTS results (
		record_id TEXT PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
		state TEXT NOT NULL,
		is_anomaly BOOLEAN NOT NULL,
		finished_unix_nano BIGINT NOT NULL,
		document TEXT NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS results_anomalies ON results (finished_unix_nano, record_id) WHERE is_anomaly`,
}

const (
	insertColumns = 6
	// SQLite and PostgreSQL both take far more parameters than this.
	insertRows = 200

	upsert = `INSERT INTO results (record_id, state, is_anomaly, finished_unix_nano, document)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (record_id) DO UPDATE SET
			state = excluded.state, is_anomaly = excluded.is_anomaly,
			finished_unix_nano = excluded.finished_unix_nano, document = excluded.document
		WHERE results.state <> 'analyzed' OR excluded.state = 'analyzed'`

	selectEntries = `SELECT records.document, results.state, results.document
		FROM records LEFT JOIN results ON results.record_id = records.id `
)

// sqlStore speaks the SQL that SQLite and PostgreSQL have in common.
type sqlStore struct {
	db *sql.DB
}

func (s sqlStore) Insert(ctx context.Context, batch []record.Record) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		for start := 0; start < len(batch); start += insertRows {
			var rows []string
			var values []any
			for i, r := range batch[start:min(start+insertRows, len(batch))] {
				document, err := json.Marshal(r)
				if err != nil {
					return err
				}
				n := len(values)
				rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+insertColumns))
				values = append(values, r.ID, r.BatchID, start+i, r.Received.UnixNano(), true, string(document))
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO records
				(id, batch_id, position, received_unix_nano, pending, document) VALUES `+strings.Join(rows, ", "), values...)
			if err != nil {
				return fmt.Errorf("insert records: %w", err)
			}
		}
		return nil
	})
}

func (s sqlStore) Discard(ctx context.Context, batchID string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM records WHERE batch_id = $1`, batchID)
	return err
}

func (s sqlStore) Batch(ctx context.Context, batchID string) ([]record.Entry, error) {
	return s.entries(ctx, selectEntries+`WHERE records.batch_id = $1 ORDER BY records.position`, batchID)
}

func (s sqlStore) Get(ctx context.Context, id string) (record.Entry, error) {
	found, err := s.entries(ctx, selectEntries+`WHERE records.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return record.Entry{}, err
	}
	return found[0], nil
}

func (s sqlStore) SaveResults(ctx context.Context, results []record.Result) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		for _, r := range results {
			document, err := json.Marshal(r)
			if err != nil {
				return err
			}
			changed, err := tx.ExecContext(ctx, `UPDATE records SET pending = $1 WHERE id = $2`, false, r.RecordID)
			if err != nil {
				return fmt.Errorf("save results: %w", err)
			}
			if n, err := changed.RowsAffected(); err != nil || n == 0 {
				return errors.Join(fmt.Errorf("result of record %s: %w", r.RecordID, ErrNotFound), err)
			}
			_, err = tx.ExecContext(ctx, upsert,
				r.RecordID, string(r.State), r.IsAnomaly, r.Finished.UnixNano(), string(document))
			if err != nil {
				return fmt.Errorf("save results: %w", err)
			}
		}
		return nil
	})
}

func (s sqlStore) Anomalies(ctx context.Context, after Cursor, limit int) ([]record.Entry, error) {
	const newestFirst = ` ORDER BY results.finished_unix_nano DESC, results.record_id DESC LIMIT `
	if after == (Cursor{}) {
		return s.entries(ctx, selectEntries+`WHERE results.is_anomaly`+newestFirst+`$1`, limit)
	}
	return s.entries(ctx, selectEntries+`WHERE results.is_anomaly
		AND (results.finished_unix_nano, results.record_id) < ($1, $2)`+newestFirst+`$3`,
		after.FinishedUnixNano, after.RecordID, limit)
}

func (s sqlStore) PendingBatches(
	ctx context.Context, after string, before time.Time, limit int,
) (ids []string, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT batch_id FROM records
		WHERE pending AND batch_id > $1 AND received_unix_nano < $2 ORDER BY batch_id LIMIT $3`,
		after, before.UnixNano(), limit)
	if err != nil {
		return nil, fmt.Errorf("pending batches: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func (s sqlStore) Ping(ctx context.Context) error {
	var one int
	return s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

func (s sqlStore) entries(ctx context.Context, query string, values ...any) (found []record.Entry, err error) {
	rows, err := s.db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var document string
		var state, result sql.NullString
		if err := rows.Scan(&document, &state, &result); err != nil {
			return nil, err
		}
		entry, err := parseEntry(document, state, result)
		if err != nil {
			return nil, err
		}
		found = append(found, entry)
	}
	return found, rows.Err()
}

func parseEntry(document string, state, result sql.NullString) (record.Entry, error) {
	entry := record.Entry{State: record.Pending}
	if err := json.Unmarshal([]byte(document), &entry.Record); err != nil {
		return entry, fmt.Errorf("stored record: %w", err)
	}
	if !result.Valid {
		return entry, nil
	}
	entry.State = record.State(state.String)
	entry.Result = &record.Result{RecordID: entry.ID, State: entry.State}
	if err := json.Unmarshal([]byte(result.String), entry.Result); err != nil {
		return entry, fmt.Errorf("stored result of %s: %w", entry.ID, err)
	}
	return entry, nil
}

func (s sqlStore) inTransaction(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
