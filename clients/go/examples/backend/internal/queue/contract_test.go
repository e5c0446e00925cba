package queue_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/sqlitefile"
	"github.com/hypocenter/hypocenter/clients/go/internal/realserver"
)

const capacity = 50

// place opens queues on the same jobs, one after the other or at the same time.
type place func(t *testing.T) queue.Queue

func TestSQLite(t *testing.T) {
	contract(t, func(t *testing.T) place {
		path := filepath.Join(t.TempDir(), "a b?#.db")
		return func(t *testing.T) queue.Queue {
			db, err := sqlitefile.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			q, err := queue.NewSQLite(t.Context(), db, capacity)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
	})
}

func TestRedis(t *testing.T) {
	url := realserver.Redis(t)
	contract(t, func(t *testing.T) place {
		prefix := t.Name()
		return func(t *testing.T) queue.Queue {
			q, err := queue.OpenRedis(t.Context(), url, prefix, capacity)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = q.Close() })
			return q
		}
	})
}

func contract(t *testing.T, newPlace func(*testing.T) place) {
	for name, test := range map[string]func(*testing.T, place){
		"jobs come in order and once":             jobsComeInOrderAndOnce,
		"an id is enqueued once":                  anIDIsEnqueuedOnce,
		"a full queue refuses":                    aFullQueueRefuses,
		"a retry comes later and keeps the error": aRetryComesLater,
		"a lease runs out":                        aLeaseRunsOut,
		"an extended lease holds":                 anExtendedLeaseHolds,
		"the dead stay dead":                      theDeadStayDead,
		"jobs survive reopening":                  jobsSurviveReopening,
		"many workers share without doubles":      manyWorkersShare,
	} {
		t.Run(name, func(t *testing.T) { test(t, newPlace(t)) })
	}
}

func enqueue(t *testing.T, q queue.Queue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := q.Enqueue(t.Context(), id); err != nil {
			t.Fatalf("Enqueue(%s): %v", id, err)
		}
	}
}

func claim(t *testing.T, q queue.Queue, lease time.Duration) queue.Job {
	t.Helper()
	job, err := q.Claim(t.Context(), lease)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return job
}

// claimSoon waits for a job that becomes due.
func claimSoon(t *testing.T, q queue.Queue) queue.Job {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		job, err := q.Claim(t.Context(), time.Minute)
		if err == nil {
			return job
		}
		if !errors.Is(err, queue.ErrEmpty) {
			t.Fatalf("Claim: %v", err)
		}
	}
	t.Fatal("no job became due")
	return queue.Job{}
}

func mustBeEmpty(t *testing.T, q queue.Queue) {
	t.Helper()
	if job, err := q.Claim(t.Context(), time.Minute); !errors.Is(err, queue.ErrEmpty) {
		t.Fatalf("Claim = %v, %v; want ErrEmpty", job, err)
	}
}

func mustHold(t *testing.T, q queue.Queue, want queue.Stats) {
	t.Helper()
	if got, err := q.Stats(t.Context()); err != nil || got != want {
		t.Fatalf("Stats = %+v, %v; want %+v", got, err, want)
	}
}

func jobsComeInOrderAndOnce(t *testing.T, open place) {
	q := open(t)
	mustBeEmpty(t, q)
	enqueue(t, q, "a", "b")
	first, second := claim(t, q, time.Minute), claim(t, q, time.Minute)
	if first.ID != "a" || second.ID != "b" || first.Attempts != 1 || first.LastError != "" {
		t.Fatalf("claimed %+v and %+v", first, second)
	}
	mustBeEmpty(t, q)
	mustHold(t, q, queue.Stats{Live: 2})
	if err := q.Complete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := q.Complete(t.Context(), first); !errors.Is(err, queue.ErrLeaseLost) {
		t.Fatalf("a second Complete gave %v", err)
	}
	mustHold(t, q, queue.Stats{Live: 1})
}

func anIDIsEnqueuedOnce(t *testing.T, open place) {
	q := open(t)
	enqueue(t, q, "a", "a")
	mustHold(t, q, queue.Stats{Live: 1})
	job := claim(t, q, time.Minute)
	enqueue(t, q, "a")
	mustBeEmpty(t, q)
	if err := q.Complete(t.Context(), job); err != nil {
		t.Fatalf("enqueueing took the lease away: %v", err)
	}
}

func aFullQueueRefuses(t *testing.T, open place) {
	q := open(t)
	for i := range capacity {
		if err := q.Room(t.Context()); err != nil {
			t.Fatalf("Room with %d jobs: %v", i, err)
		}
		enqueue(t, q, fmt.Sprint(i))
	}
	if err := q.Room(t.Context()); !errors.Is(err, queue.ErrFull) {
		t.Fatalf("Room = %v, want ErrFull", err)
	}
	if err := q.Enqueue(t.Context(), "more"); !errors.Is(err, queue.ErrFull) {
		t.Fatalf("Enqueue = %v, want ErrFull", err)
	}
	enqueue(t, q, "7")
	if err := q.Bury(t.Context(), claim(t, q, time.Minute), "x"); err != nil {
		t.Fatal(err)
	}
	// The dead take no room.
	enqueue(t, q, "more")
}

func aRetryComesLater(t *testing.T, open place) {
	q := open(t)
	enqueue(t, q, "a")
	job := claim(t, q, time.Minute)
	if err := q.Retry(t.Context(), job, time.Hour, "not yet"); err != nil {
		t.Fatal(err)
	}
	mustBeEmpty(t, q)
	if err := q.Retry(t.Context(), job, 0, "again"); !errors.Is(err, queue.ErrLeaseLost) {
		t.Fatalf("a job given back was given back again: %v", err)
	}
	enqueue(t, q, "b")
	if err := q.Retry(t.Context(), claim(t, q, time.Minute), 20*time.Millisecond, "conn refused"); err != nil {
		t.Fatal(err)
	}
	if again := claimSoon(t, q); again.ID != "b" || again.Attempts != 2 || again.LastError != "conn refused" {
		t.Fatalf("claimed %+v", again)
	}
}

func aLeaseRunsOut(t *testing.T, open place) {
	q := open(t)
	enqueue(t, q, "a")
	crashed := claim(t, q, 20*time.Millisecond)
	again := claimSoon(t, q)
	if again.ID != "a" || again.Attempts != 2 {
		t.Fatalf("claimed %+v", again)
	}
	for name, err := range map[string]error{
		"Extend":   q.Extend(t.Context(), crashed, time.Minute),
		"Complete": q.Complete(t.Context(), crashed),
		"Retry":    q.Retry(t.Context(), crashed, 0, ""),
		"Bury":     q.Bury(t.Context(), crashed, ""),
	} {
		if !errors.Is(err, queue.ErrLeaseLost) {
			t.Errorf("%s of a lost lease gave %v", name, err)
		}
	}
	if err := q.Complete(t.Context(), again); err != nil {
		t.Fatal(err)
	}
}

func anExtendedLeaseHolds(t *testing.T, open place) {
	q := open(t)
	enqueue(t, q, "a")
	job := claim(t, q, 2*time.Second)
	if err := q.Extend(t.Context(), job, time.Minute); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2100 * time.Millisecond) // the first lease has to run out
	mustBeEmpty(t, q)
}

func theDeadStayDead(t *testing.T, open place) {
	q := open(t)
	for _, id := range []string{"a", "b"} {
		enqueue(t, q, id)
		if err := q.Bury(t.Context(), claim(t, q, time.Minute), "cause of "+id); err != nil {
			t.Fatal(err)
		}
	}
	enqueue(t, q, "a")
	mustBeEmpty(t, q)
	mustHold(t, q, queue.Stats{Dead: 2})
	dead, err := q.Dead(t.Context(), 10)
	if err != nil || len(dead) != 2 || dead[0] != (queue.DeadJob{ID: "b", Attempts: 1, Error: "cause of b"}) {
		t.Fatalf("Dead = %+v, %v", dead, err)
	}
	if dead, err = q.Dead(t.Context(), 1); err != nil || len(dead) != 1 {
		t.Fatalf("Dead(1) = %+v, %v", dead, err)
	}
}

func jobsSurviveReopening(t *testing.T, open place) {
	q := open(t)
	enqueue(t, q, "a", "b", "c")
	if err := q.Bury(t.Context(), claim(t, q, time.Minute), "x"); err != nil {
		t.Fatal(err)
	}
	held := claim(t, q, time.Minute)
	again := open(t)
	mustHold(t, again, queue.Stats{Live: 2, Dead: 1})
	if job := claim(t, again, time.Minute); job.ID != "c" {
		t.Fatalf("claimed %+v", job)
	}
	if err := again.Complete(t.Context(), held); err != nil {
		t.Fatalf("a lease does not outlive the process: %v", err)
	}
}

func manyWorkersShare(t *testing.T, open place) {
	const jobs = 40
	first := open(t)
	for i := range jobs {
		enqueue(t, first, fmt.Sprint(i))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var workers sync.WaitGroup
	for _, q := range []queue.Queue{first, first, open(t), open(t)} {
		workers.Go(func() {
			for {
				job, err := q.Claim(t.Context(), time.Minute)
				if errors.Is(err, queue.ErrEmpty) {
					return
				}
				if err == nil {
					err = q.Complete(t.Context(), job)
				}
				if err != nil {
					t.Errorf("worker: %v", err)
					return
				}
				mu.Lock()
				seen[job.ID]++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if len(seen) != jobs {
		t.Fatalf("%d of %d jobs were done", len(seen), jobs)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("job %s was done %d times", id, times)
		}
	}
	mustHold(t, first, queue.Stats{})
}
