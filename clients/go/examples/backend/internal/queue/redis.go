package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

type redisQueue struct {
	client   *redis.Client
	keys     []string
	capacity int
}

// OpenRedis keeps jobs in Redis, under keys that begin with a prefix. Redis may be set up to forget (no append-only
// file): what it forgets is enqueued again from the store.
func OpenRedis(ctx context.Context, url, prefix string, capacity int) (Queue, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		// The URL may hold a password, so it is not repeated.
		return nil, errors.New("redis: the URL is not valid; it is written redis://[USER:PASSWORD@]HOST:PORT/DB")
	}
	client := redis.NewClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("redis: %w", err), client.Close())
	}
	// One hash tag, so that all keys are on one node of a cluster. The order is that of the scripts.
	tag := "{" + prefix + "}:"
	keys := []string{tag + "live", tag + "dead", tag + "lease", tag + "attempts", tag + "error"}
	return &redisQueue{client: client, keys: keys, capacity: capacity}, nil
}

func (q *redisQueue) Room(ctx context.Context) error {
	live, err := q.client.ZCard(ctx, q.keys[0]).Result()
	if err == nil && live >= int64(q.capacity) {
		err = ErrFull
	}
	return err
}

func (q *redisQueue) Enqueue(ctx context.Context, id string) error {
	room, err := enqueueScript.Run(ctx, q.client, q.keys, id, q.capacity).Bool()
	if err == nil && !room {
		err = ErrFull
	}
	return err
}

func (q *redisQueue) Claim(ctx context.Context, lease time.Duration) (Job, error) {
	job := Job{Lease: uuid.NewString()}
	claimed, err := claimScript.Run(ctx, q.client, q.keys, job.Lease, lease.Microseconds()).StringSlice()
	if errors.Is(err, redis.Nil) {
		return Job{}, ErrEmpty
	}
	if err != nil {
		return Job{}, err
	}
	job.ID, job.LastError = claimed[0], claimed[2]
	job.Attempts, err = strconv.Atoi(claimed[1])
	return job, err
}

func (q *redisQueue) Extend(ctx context.Context, job Job, lease time.Duration) error {
	return q.ofLease(ctx, extendScript, job, lease.Microseconds())
}

func (q *redisQueue) Complete(ctx context.Context, job Job) error {
	return q.ofLease(ctx, completeScript, job)
}

func (q *redisQueue) Retry(ctx context.Context, job Job, delay time.Duration, cause string) error {
	return q.ofLease(ctx, retryScript, job, delay.Microseconds(), cause)
}

func (q *redisQueue) Bury(ctx context.Context, job Job, cause string) error {
	return q.ofLease(ctx, buryScript, job, cause)
}

func (q *redisQueue) Dead(ctx context.Context, limit int) ([]DeadJob, error) {
	listed, err := deadScript.Run(ctx, q.client, q.keys, limit).StringSlice()
	if err != nil {
		return nil, err
	}
	var dead []DeadJob
	for ; len(listed) >= 3; listed = listed[3:] {
		attempts, err := strconv.Atoi(listed[1])
		if err != nil {
			return nil, err
		}
		dead = append(dead, DeadJob{ID: listed[0], Attempts: attempts, Error: listed[2]})
	}
	return dead, nil
}

func (q *redisQueue) Stats(ctx context.Context) (Stats, error) {
	live, err := q.client.ZCard(ctx, q.keys[0]).Result()
	if err != nil {
		return Stats{}, err
	}
	dead, err := q.client.ZCard(ctx, q.keys[1]).Result()
	return Stats{Live: int(live), Dead: int(dead)}, err
}

func (q *redisQueue) Close() error { return q.client.Close() }

// ofLease runs a script that does nothing and returns 0 when the job is another's.
func (q *redisQueue) ofLease(ctx context.Context, script *redis.Script, job Job, values ...any) error {
	hit, err := script.Run(ctx, q.client, q.keys, append([]any{job.ID, job.Lease}, values...)...).Bool()
	if err == nil && !hit {
		err = ErrLeaseLost
	}
	return err
}
