package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/sqlitefile"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/worker"
)

// scripted is an analyzer that plays one step per call, and the last for all calls after.
type scripted struct {
	mu    sync.Mutex
	steps []func(ctx context.Context) error
	calls int
}

func (s *scripted) Analyze(ctx context.Context, _ string, records []record.Record) ([]record.Result, error) {
	s.mu.Lock()
	step := s.steps[min(s.calls, len(s.steps)-1)]
	s.calls++
	s.mu.Unlock()
	if err := step(ctx); err != nil {
		return nil, err
	}
	var results []record.Result
	for _, r := range records {
		results = append(results, record.Result{RecordID: r.ID, State: record.Analyzed, Finished: time.Now()})
	}
	return results, nil
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func succeed(context.Context) error { return nil }

type bench struct {
	store    store.Store
	queue    queue.Queue
	analyzer *scripted
}

func newBench(t *testing.T, capacity int, steps ...func(context.Context) error) bench {
	t.Helper()
	ctx := context.Background()
	db, err := sqlitefile.Open(ctx, filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := store.NewSQLite(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.NewSQLite(ctx, db, capacity)
	if err != nil {
		t.Fatal(err)
	}
	return bench{s, q, &scripted{steps: steps}}
}

// insert stores a batch of one record with the batch's id.
func (b bench) insert(t *testing.T, id string) {
	t.Helper()
	one := record.Record{ID: id, BatchID: id, Service: "a", Received: time.Now()}
	if err := b.store.Insert(t.Context(), []record.Record{one}); err != nil {
		t.Fatal(err)
	}
}

// run runs a pool until the test ends.
func (b bench) run(t *testing.T, lease time.Duration) {
	t.Helper()
	pool := &worker.Pool{
		Queue: b.queue, Store: b.store, Analyzer: b.analyzer, Log: slog.New(slog.DiscardHandler),
		Workers: 2, Lease: lease, Poll: 5 * time.Millisecond, Grace: time.Second,
		Retries: worker.Retries{MaxAttempts: 3, Initial: time.Millisecond, Max: 2 * time.Millisecond},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		pool.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (b bench) await(t *testing.T, id string) record.Entry {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		entry, err := b.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if entry.State != record.Pending {
			return entry
		}
	}
	t.Fatal("the record stays pending")
	return record.Entry{}
}

func (b bench) awaitStats(t *testing.T, want queue.Stats) {
	t.Helper()
	var got queue.Stats
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		var err error
		if got, err = b.queue.Stats(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
	}
	t.Fatalf("Stats = %+v, want %+v", got, want)
}

func TestALongJobKeepsItsLease(t *testing.T) {
	const lease = time.Second
	b := newBench(t, 10, func(context.Context) error {
		time.Sleep(3 * lease) // longer than the lease is the point
		return nil
	})
	b.insert(t, "a")
	if err := b.queue.Enqueue(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	b.run(t, lease)
	if entry := b.await(t, "a"); entry.State != record.Analyzed || b.analyzer.count() != 1 {
		t.Fatalf("%s after %d analyses, want it done once", entry.State, b.analyzer.count())
	}
	b.awaitStats(t, queue.Stats{})
}

func TestAJobThatKillsItsWorkersIsGivenUp(t *testing.T) {
	b := newBench(t, 10, succeed)
	b.insert(t, "a")
	if err := b.queue.Enqueue(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 3; {
		// A worker that claims and is never heard of again.
		switch _, err := b.queue.Claim(t.Context(), time.Millisecond); {
		case err == nil:
			attempt++
		case !errors.Is(err, queue.ErrEmpty):
			t.Fatal(err)
		}
	}
	b.run(t, time.Minute)
	if entry := b.await(t, "a"); entry.State != record.Dead || entry.Result.Error == "" || b.analyzer.count() != 0 {
		t.Fatalf("entry = %+v after %d analyses", entry, b.analyzer.count())
	}
	b.awaitStats(t, queue.Stats{Dead: 1})
}

func TestAFinishedBatchIsNotAnalyzedAgain(t *testing.T) {
	b := newBench(t, 10, succeed)
	b.insert(t, "a")
	done := []record.Result{{RecordID: "a", State: record.Analyzed, Finished: time.Now()}}
	if err := b.store.SaveResults(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "never stored"} {
		if err := b.queue.Enqueue(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	b.run(t, time.Minute)
	b.awaitStats(t, queue.Stats{})
	if b.analyzer.count() != 0 {
		t.Fatalf("%d analyses, want none", b.analyzer.count())
	}
}

func TestTheSweeperFillsAQueueSmallerThanTheStore(t *testing.T) {
	b := newBench(t, 3, succeed)
	var ids []string
	for i := range 10 {
		ids = append(ids, fmt.Sprintf("batch-%02d", i))
		b.insert(t, ids[i])
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker.Sweeper{
			Queue: b.queue, Store: b.store, Log: slog.New(slog.DiscardHandler), Every: 5 * time.Millisecond,
		}.Run(ctx)
	}()
	defer func() {
		cancel()
		<-done
	}()
	b.run(t, time.Minute)
	for _, id := range ids {
		b.await(t, id)
	}
}
