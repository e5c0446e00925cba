package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/worker"
)

// config is what the flags say. Secrets come from the environment, which other users of the machine cannot read.
type config struct {
	listen          string
	hypocenter      string
	hypocenterTLS   bool
	hypocenterToken string
	analysisTimeout time.Duration

	store       string
	queue       string
	sqlitePath  string
	redisURL    string
	redisPrefix string
	postgresURL string

	maxBodyBytes  int64
	queueCapacity int
	workers       int
	lease         time.Duration
	poll          time.Duration
	sweep         time.Duration
	grace         time.Duration
	retries       worker.Retries
}

func parseConfig(arguments []string, output io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("backend", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&c.listen, "listen", "127.0.0.1:8090", "`HOST:PORT` of the HTTP API; port 0 picks a free one")
	flags.StringVar(&c.hypocenter, "hypocenter", "127.0.0.1:4319", "`HOST:PORT` of Hypocenter's API")
	flags.BoolVar(&c.hypocenterTLS, "hypocenter-tls", false,
		"use TLS even to a loopback address; a token comes from $HYPOCENTER_TOKEN")
	flags.DurationVar(&c.analysisTimeout, "analysis-timeout", 30*time.Second, "longest `time` of one analysis")

	flags.StringVar(&c.store, "store", "sqlite", "where records and results are: sqlite or postgres")
	flags.StringVar(&c.queue, "queue", "sqlite", "where jobs are: sqlite or redis")
	flags.StringVar(&c.sqlitePath, "sqlite-path", "backend.db", "`file` of SQLite")
	flags.StringVar(&c.redisURL, "redis-url", "", "`URL` of Redis, else $BACKEND_REDIS_URL")
	flags.StringVar(&c.redisPrefix, "redis-prefix", "hypocenter-backend", "what the keys in Redis begin with")
	flags.StringVar(&c.postgresURL, "postgres-url", "", "`URL` of PostgreSQL, else $BACKEND_POSTGRES_URL")

	flags.Int64Var(&c.maxBodyBytes, "max-body-bytes", 1<<20, "largest body taken, in `bytes`")
	flags.IntVar(&c.queueCapacity, "queue-capacity", 10000, "`jobs` that may wait; more are answered 503")
	flags.IntVar(&c.workers, "workers", 4, "`number` of analyses at a time")
	flags.DurationVar(&c.lease, "lease", time.Minute, "`time` after which a dead worker's job is taken up again")
	flags.DurationVar(&c.poll, "poll", time.Second, "`time` between looks for jobs that became due")
	flags.DurationVar(&c.sweep, "sweep", time.Minute, "`time` between looks for records without a job")
	flags.DurationVar(&c.grace, "grace", 20*time.Second, "`time` a shutdown waits for running analyses")
	flags.IntVar(&c.retries.MaxAttempts, "max-attempts", 12, "`attempts` before a job is dead")
	flags.DurationVar(&c.retries.Initial, "retry-initial", time.Second, "`time` before the second attempt, then doubled")
	flags.DurationVar(&c.retries.Max, "retry-max", 5*time.Minute, "longest `time` between attempts")
	if err := flags.Parse(arguments); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	c.hypocenterToken = os.Getenv("HYPOCENTER_TOKEN")
	if c.redisURL == "" {
		c.redisURL = os.Getenv("BACKEND_REDIS_URL")
	}
	if c.postgresURL == "" {
		c.postgresURL = os.Getenv("BACKEND_POSTGRES_URL")
	}
	return c, c.validate()
}

func (c config) validate() error {
	switch {
	case c.store != "sqlite" && c.store != "postgres":
		return fmt.Errorf("-store is %q; it is sqlite or postgres", c.store)
	case c.queue != "sqlite" && c.queue != "redis":
		return fmt.Errorf("-queue is %q; it is sqlite or redis", c.queue)
	case c.store == "postgres" && c.postgresURL == "":
		return errors.New("-store postgres needs -postgres-url or $BACKEND_POSTGRES_URL")
	case c.queue == "redis" && c.redisURL == "":
		return errors.New("-queue redis needs -redis-url or $BACKEND_REDIS_URL")
	case c.maxBodyBytes < 1 || c.queueCapacity < 1 || c.workers < 1 || c.retries.MaxAttempts < 1:
		return errors.New("-max-body-bytes, -queue-capacity, -workers and -max-attempts are at least 1")
	case c.lease < time.Millisecond || c.poll <= 0 || c.sweep <= 0 || c.grace < 0 || c.analysisTimeout <= 0:
		return errors.New("-lease, -poll, -sweep, -grace and -analysis-timeout are positive")
	case c.retries.Initial < 0 || c.retries.Max < c.retries.Initial:
		return errors.New("-retry-initial is at most -retry-max")
	}
	return nil
}
