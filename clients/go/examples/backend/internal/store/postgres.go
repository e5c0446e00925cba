package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	// The driver "pgx" of database/sql.
	_ "github.com/jackc/pgx/v5/stdlib"
)

// schemaLock keeps two back ends from making the tables at the same time; any number will do, as long as it is ours.
const schemaLock = 7259013

const maxConnections = 16

type postgresStore struct {
	sqlStore
}

// OpenPostgres connects to a PostgreSQL database by its URL and makes the tables that are missing.
func OpenPostgres(ctx context.Context, url string) (Store, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := postgresStore{sqlStore{db}}
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, schemaLock); err != nil {
			return err
		}
		for _, statement := range schema {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: %w", err), db.Close())
	}
	return s, nil
}

func (s postgresStore) Close() error { return s.db.Close() }
