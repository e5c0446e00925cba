package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/sqlitefile"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

// storage is what survives a restart.
type storage struct {
	store store.Store
	queue queue.Queue
	// sqlite is shared by the two; nil when neither needs it.
	sqlite *sql.DB
}

func openStorage(ctx context.Context, c config) (s storage, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if c.store == "sqlite" || c.queue == "sqlite" {
		if s.sqlite, err = sqlitefile.Open(ctx, c.sqlitePath); err != nil {
			return s, err
		}
	}
	if c.store == "postgres" {
		s.store, err = store.OpenPostgres(ctx, c.postgresURL)
	} else {
		s.store, err = store.NewSQLite(ctx, s.sqlite)
	}
	if err != nil {
		return s, err
	}
	if c.queue == "redis" {
		s.queue, err = queue.OpenRedis(ctx, c.redisURL, c.redisPrefix, c.queueCapacity)
	} else {
		s.queue, err = queue.NewSQLite(ctx, s.sqlite, c.queueCapacity)
	}
	return s, err
}

func (s storage) close() error {
	var failures []error
	if s.queue != nil {
		failures = append(failures, s.queue.Close())
	}
	if s.store != nil {
		failures = append(failures, s.store.Close())
	}
	if s.sqlite != nil {
		failures = append(failures, s.sqlite.Close())
	}
	return errors.Join(failures...)
}
