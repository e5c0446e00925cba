package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
	"github.com/hypocenter/hypocenter/clients/go/internal/fakeserver"
	"github.com/hypocenter/hypocenter/clients/go/internal/realserver"
)

const analyze = hypocenterv1.LogService_AnalyzeLogs_FullMethodName

const (
	oneError = `{"service": "payment", "level": "error", "message": "connection refused",
		"timestamp": "2026-03-01T12:00:00.123456789Z", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
		"attributes": {"order": 9007199254740993, "tags": ["a", null, true, 1.5, {"nul": "\u0000"}]}}`
	// Two services in turn: the results must find their way back to the right record.
	mixed = `[{"service": "web", "level": "INFO", "message": "ok 0"},
		{"service": "cart", "level": "ERROR", "message": "bad 1"},
		{"service": "web", "level": "FATAL", "message": "bad 2"},
		{"service": "cart", "level": "debug", "message": "ok 3"}]`
)

// newStorage returns the flags of an empty storage.
type newStorage func(t *testing.T) []string

func sqliteFlags(t *testing.T) []string {
	return []string{"-sqlite-path", filepath.Join(t.TempDir(), "backend.db")}
}

func TestBackendOnSQLite(t *testing.T) { contract(t, sqliteFlags) }

func TestBackendOnRedisAndPostgres(t *testing.T) {
	redisURL, postgres := realserver.Redis(t), realserver.StartPostgres(t)
	contract(t, func(t *testing.T) []string {
		return []string{
			"-queue", "redis", "-redis-url", redisURL, "-redis-prefix", t.Name(),
			"-store", "postgres", "-postgres-url", postgres.Database(t),
		}
	})
}

func contract(t *testing.T, storage newStorage) {
	for name, test := range map[string]func(*testing.T, *fakeserver.Server, []string){
		"logs are analyzed":                        logsAreAnalyzed,
		"a server in trouble is asked again":       aServerInTroubleIsAskedAgain,
		"a poisoned job dies after its attempts":   aPoisonedJobDies,
		"a refused job dies at once":               aRefusedJobDiesAtOnce,
		"waiting jobs survive kill -9":             waitingJobsSurvive,
		"the job of a killed worker is done again": theJobOfAKilledWorkerIsDoneAgain,
		"a full queue answers 503":                 aFullQueueAnswers503,
		"a shutdown finishes what is under way":    aShutdownFinishes,
		"a shutdown gives back what takes long":    aShutdownGivesBack,
	} {
		t.Run(name, func(t *testing.T) {
			server := fakeserver.Start(t)
			test(t, server, append([]string{"-hypocenter", server.Address}, storage(t)...))
		})
	}
}

func logsAreAnalyzed(t *testing.T, server *fakeserver.Server, flags []string) {
	b := startBackend(t, flags...)
	one, many := b.accept(oneError), b.accept(mixed)
	if len(one) != 1 || len(many) != 4 {
		t.Fatalf("ids = %v, %v", one, many)
	}
	found := b.await(one[0])
	if found.State != "analyzed" || !found.Result.IsAnomaly || found.Result.Severity != "high" ||
		found.Result.Assessment.Basis != "cold" || found.Result.Assessment.RootCause == "" {
		t.Fatalf("entry = %+v, result = %+v", found, found.Result)
	}
	for i, id := range many {
		found := b.await(id)
		if isBad := strings.HasPrefix(found.Message, "bad"); found.Message[len(found.Message)-1:] != fmt.Sprint(i) ||
			found.Result.IsAnomaly != isBad {
			t.Errorf("record %d = %+v, result = %+v", i, found, found.Result)
		}
	}
	b.awaitHealth(healthAnswer{Store: "ok", Queue: "ok"})
	if server.Work() != 2 {
		t.Errorf("%d analyses, want 2", server.Work())
	}

	var ids []string
	for token := ""; ; {
		var page struct {
			Anomalies     []entry
			NextPageToken string `json:"next_page_token"`
		}
		b.get("/api/v1/anomalies?page_size=2&page_token="+token, http.StatusOK, &page)
		for _, anomaly := range page.Anomalies {
			ids = append(ids, anomaly.ID)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d anomalies, want 3", len(ids))
	}
}

func aServerInTroubleIsAskedAgain(t *testing.T, server *fakeserver.Server, flags []string) {
	server.Script(analyze, fakeserver.Unavailable(), status.Error(codes.Internal, "bug"),
		status.Error(codes.DeadlineExceeded, "slow"), fakeserver.Throttled(codes.ResourceExhausted, time.Millisecond))
	b := startBackend(t, flags...)
	if found := b.await(b.accept(oneError)[0]); found.State != "analyzed" {
		t.Fatalf("entry = %+v", found)
	}
	calls := server.Calls(analyze)
	if len(calls) != 5 || server.Work() != 1 {
		t.Fatalf("%d calls and %d analyses, want 5 and 1", len(calls), server.Work())
	}
	first := calls[0].Request.(*hypocenterv1.AnalyzeLogsRequest).GetRequestId()
	if last := calls[4].Request.(*hypocenterv1.AnalyzeLogsRequest).GetRequestId(); first == "" || first != last {
		t.Fatalf("request ids %q and %q, want one for all attempts", first, last)
	}
}

func aPoisonedJobDies(t *testing.T, server *fakeserver.Server, flags []string) {
	for range 3 {
		server.Script(analyze, status.Error(codes.Internal, "it hurts"))
	}
	flags = append(flags, "-max-attempts", "3")
	b := startBackend(t, flags...)
	id := b.accept(oneError)[0]
	if found := b.await(id); found.State != "dead" || !strings.Contains(found.Result.Error, "it hurts") {
		t.Fatalf("entry = %+v, result = %+v", found, found.Result)
	}
	b.awaitHealth(healthAnswer{Store: "ok", Queue: "ok", DeadJobs: 1})
	b.kill()
	again := startBackend(t, flags...)
	// A job behind it is done; the dead one is not.
	again.await(again.accept(mixed)[0])
	if found := again.await(id); found.State != "dead" {
		t.Fatalf("entry = %+v", found)
	}
	if got := len(server.Calls(analyze)); got != 4 {
		t.Fatalf("%d calls, want 4", got)
	}
}

func aRefusedJobDiesAtOnce(t *testing.T, server *fakeserver.Server, flags []string) {
	server.Script(analyze, fakeserver.Invalid("BAD", "logs", "cannot be read"))
	b := startBackend(t, flags...)
	found := b.await(b.accept(oneError)[0])
	if found.State != "dead" || !strings.Contains(found.Result.Error, "logs: cannot be read") {
		t.Fatalf("entry = %+v, result = %+v", found, found.Result)
	}
	if got := len(server.Calls(analyze)); got != 1 {
		t.Fatalf("%d calls, want 1", got)
	}
}

func waitingJobsSurvive(t *testing.T, server *fakeserver.Server, flags []string) {
	release := server.Block(analyze)
	defer release()
	b := startBackend(t, append(flags, "-workers", "1", "-lease", "1s")...)
	var ids []string
	for range 5 {
		ids = append(ids, b.accept(oneError)...)
	}
	b.kill()
	release()
	again := startBackend(t, flags...)
	for _, id := range ids {
		if found := again.await(id); found.State != "analyzed" {
			t.Fatalf("entry = %+v", found)
		}
	}
	again.awaitHealth(healthAnswer{Store: "ok", Queue: "ok"})
}

func theJobOfAKilledWorkerIsDoneAgain(t *testing.T, server *fakeserver.Server, flags []string) {
	release := server.Block(analyze)
	defer release()
	b := startBackend(t, append(flags, "-lease", "1s")...)
	id := b.accept(oneError)[0]
	awaitCalls(t, server, 1)
	b.kill()
	release()
	again := startBackend(t, flags...)
	if found := again.await(id); found.State != "analyzed" {
		t.Fatalf("entry = %+v", found)
	}
	if got := len(server.Calls(analyze)); got != 2 {
		t.Fatalf("%d calls, want 2", got)
	}
}

func aFullQueueAnswers503(t *testing.T, server *fakeserver.Server, flags []string) {
	release := server.Block(analyze)
	defer release()
	b := startBackend(t, append(flags, "-queue-capacity", "2")...)
	ids := append(b.accept(oneError), b.accept(oneError)...)
	var refusal struct{ Error struct{ Code string } }
	header := b.post(oneError, http.StatusServiceUnavailable, &refusal)
	if header.Get("Retry-After") == "" || refusal.Error.Code != "queue_full" {
		t.Fatalf("Retry-After = %q, code = %q", header.Get("Retry-After"), refusal.Error.Code)
	}
	release()
	for _, id := range ids {
		b.await(id)
	}
	b.awaitHealth(healthAnswer{Store: "ok", Queue: "ok"})
	b.await(b.accept(oneError)[0])
	if server.Work() != 3 {
		t.Fatalf("%d analyses, want 3: a refused batch leaves nothing behind", server.Work())
	}
}

func aShutdownFinishes(t *testing.T, server *fakeserver.Server, flags []string) {
	release := server.Block(analyze)
	defer release()
	b := startBackend(t, flags...)
	id := b.accept(oneError)[0]
	awaitCalls(t, server, 1)
	time.AfterFunc(100*time.Millisecond, release)
	b.stop()
	again := startBackend(t, flags...)
	if found := again.await(id); found.State != "analyzed" {
		t.Fatalf("entry = %+v", found)
	}
	if got := len(server.Calls(analyze)); got != 1 {
		t.Fatalf("%d calls, want 1", got)
	}
}

func aShutdownGivesBack(t *testing.T, server *fakeserver.Server, flags []string) {
	release := server.Block(analyze)
	defer release()
	// With a lease of an hour only a job given back can be done again.
	flags = append(flags, "-grace", "50ms", "-lease", "1h")
	b := startBackend(t, flags...)
	id := b.accept(oneError)[0]
	awaitCalls(t, server, 1)
	b.stop()
	release()
	if found := startBackend(t, flags...).await(id); found.State != "analyzed" {
		t.Fatalf("entry = %+v", found)
	}
}

func TestAQueueThatForgotIsFilledFromTheStore(t *testing.T) {
	redisURL := realserver.Redis(t)
	server := fakeserver.Start(t)
	release := server.Block(analyze)
	defer release()
	flags := append(sqliteFlags(t), "-hypocenter", server.Address, "-queue", "redis", "-redis-url", redisURL)
	b := startBackend(t, flags...)
	id := b.accept(oneError)[0]
	b.kill()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	if err := client.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	release()
	if found := startBackend(t, flags...).await(id); found.State != "analyzed" {
		t.Fatalf("entry = %+v", found)
	}
}

func awaitCalls(t *testing.T, server *fakeserver.Server, want int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); len(server.Calls(analyze)) < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls, want %d", len(server.Calls(analyze)), want)
		}
	}
}
