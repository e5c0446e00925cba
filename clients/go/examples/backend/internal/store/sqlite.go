package store

import (
	"context"
	"database/sql"
	"fmt"
)

// sqliteStore shares its database with the queue; whoever opened it closes it.
type sqliteStore struct {
	sqlStore
}

// NewSQLite keeps everything in a database opened by package sqlitefile. Close leaves it open.
func NewSQLite(ctx context.Context, db *sql.DB) (Store, error) {
	for _, statement := range schema {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("store schema: %w", err)
		}
	}
	return sqliteStore{sqlStore{db}}, nil
}

func (s sqliteStore) Close() error { return nil }
