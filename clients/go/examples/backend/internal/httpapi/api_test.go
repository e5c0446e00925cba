package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/httpapi"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/queue"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/sqlitefile"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
)

const maxBodyBytes = 4096

type door struct {
	handler http.Handler
	store   store.Store
	queue   queue.Queue
	close   func()
}

func newDoor(t *testing.T) door {
	t.Helper()
	return newDoorWith(t, func(q queue.Queue) queue.Queue { return q })
}

// newDoorWith puts something in front of the queue.
func newDoorWith(t *testing.T, front func(queue.Queue) queue.Queue) door {
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
	q, err := queue.NewSQLite(ctx, db, 1000)
	if err != nil {
		t.Fatal(err)
	}
	q = front(q)
	api := &httpapi.API{
		Store: s, Queue: q, Log: slog.New(slog.DiscardHandler), MaxBodyBytes: maxBodyBytes, Accepted: func() {},
	}
	return door{api.Handler(), s, q, func() { _ = db.Close() }}
}

func (d door) send(method, path, body string, header http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, values := range header {
		request.Header[name] = values
	}
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	return answer
}

// with is a good record with one more field.
func with(field string) string {
	return `{"service":"a","level":"INFO","message":"m",` + field + `}`
}

func TestPostLogsRefuses(t *testing.T) {
	d := newDoor(t)
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	for name, is := range map[string]struct {
		body   string
		status int
		field  string
	}{
		"nothing":               {``, 400, ""},
		"no JSON":               {`hello`, 400, ""},
		"half a record":         {`{"service": "a"`, 400, ""},
		"null":                  {`null`, 400, ""},
		"a number":              {`1`, 400, ""},
		"no records":            {`[]`, 400, ""},
		"two values":            {`{"service":"a","level":"INFO","message":"m"},{}`, 400, ""},
		"something after":       {`[{"service":"a","level":"INFO","message":"m"}]]`, 400, ""},
		"not UTF-8":             {"{\"service\":\"a\",\"level\":\"INFO\",\"message\":\"\xff\"}", 400, ""},
		"too many records":      {"[" + strings.Repeat("1,", 1000) + "1]", 400, ""},
		"too large":             {`{"message":"` + strings.Repeat("x", maxBodyBytes) + `"}`, 413, ""},
		"no service":            {`{"level":"INFO","message":"m"}`, 400, "service"},
		"no level":              {`{"service":"a","message":"m"}`, 400, "level"},
		"no message":            {"[" + with(`"trace_id":""`) + `,{"service":"a","level":"INFO"}]`, 400, "[1].message"},
		"a null among them":     {`[null]`, 400, "[0]"},
		"a misspelt field":      {with(`"traceid":""`), 400, ""},
		"a message that is not": {`{"service":"a","level":"INFO","message":{}}`, 400, "message"},
		"a time like this":      {with(`"timestamp":"yesterday"`), 400, "timestamp"},
		"a time long ago":       {with(`"timestamp":"0001-01-01T00:00:00Z"`), 400, "timestamp"},
		"a time far ahead":      {with(`"timestamp":"2300-01-01T00:00:00Z"`), 400, "timestamp"},
		"a short trace id":      {with(`"trace_id":"abcd"`), 400, "trace_id"},
		"a trace id not in hex": {with(`"trace_id":"` + strings.Repeat("z", 32) + `"`), 400, "trace_id"},
		"attributes as a list":  {with(`"attributes":[1]`), 400, "attributes"},
		"deep attributes":       {with(`"attributes":` + deep), 400, "attributes"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := d.send(http.MethodPost, "/api/v1/logs", is.body, nil)
			var problem struct {
				Error struct{ Code, Message, Field string }
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || problem.Error.Code == "" {
				t.Fatalf("body = %s, %v", answer.Body, err)
			}
			if answer.Code != is.status || problem.Error.Field != is.field {
				t.Fatalf("%d %s; want %d about %q", answer.Code, answer.Body, is.status, is.field)
			}
		})
	}
	if pending, err := d.store.PendingBatches(t.Context(), "", farAhead, 1); err != nil || len(pending) != 0 {
		t.Fatalf("something was stored: %v, %v", pending, err)
	}
}

func TestRequestsAreRefused(t *testing.T) {
	d := newDoor(t)
	const good = `{"service":"a","level":"INFO","message":"m"}`
	charset := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for name, is := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
	}{
		"XML":                 {"POST", "/api/v1/logs", good, http.Header{"Content-Type": {"text/xml"}}, 415},
		"compressed":          {"POST", "/api/v1/logs", good, http.Header{"Content-Encoding": {"gzip"}}, 415},
		"JSON with a charset": {"POST", "/api/v1/logs", good, charset, 202},
		"an unknown record":   {"GET", "/api/v1/logs/0199f3a0-0000-7000-8000-000000000000", "", nil, 404},
		"no id of ours":       {"GET", "/api/v1/logs/%00%ff", "", nil, 404},
		"another method":      {"DELETE", "/api/v1/logs", "", nil, 405},
		"a page of none":      {"GET", "/api/v1/anomalies?page_size=0", "", nil, 400},
		"a page of words":     {"GET", "/api/v1/anomalies?page_size=x", "", nil, 400},
		"a made-up token":     {"GET", "/api/v1/anomalies?page_token=e30", "", nil, 400},
		"a huge page":         {"GET", "/api/v1/anomalies?page_size=1000000", "", nil, 200},
	} {
		if answer := d.send(is.method, is.path, is.body, is.header); answer.Code != is.status {
			t.Errorf("%s: %d %s, want %d", name, answer.Code, answer.Body, is.status)
		}
	}
}

func TestAStoreThatIsAwayAnswers503(t *testing.T) {
	d := newDoor(t)
	d.close()
	for _, is := range []struct{ method, path string }{
		{"POST", "/api/v1/logs"},
		{"GET", "/api/v1/logs/0199f3a0-0000-7000-8000-000000000000"},
		{"GET", "/api/v1/anomalies"},
		{"GET", "/healthz"},
	} {
		answer := d.send(is.method, is.path, `{"service":"a","level":"INFO","message":"m"}`, nil)
		if answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s = %d", is.method, is.path, answer.Code)
		}
		if body, _ := io.ReadAll(answer.Body); strings.Contains(string(body), "sql") {
			t.Errorf("%s %s tells of the inside: %s", is.method, is.path, body)
		}
	}
}

// raced is a queue that always fills between the question and the deed.
type raced struct{ queue.Queue }

func (raced) Room(context.Context) error            { return nil }
func (raced) Enqueue(context.Context, string) error { return queue.ErrFull }

func TestABatchRefusedLateLeavesNothing(t *testing.T) {
	d := newDoorWith(t, func(q queue.Queue) queue.Queue { return raced{q} })
	answer := d.send(http.MethodPost, "/api/v1/logs", with(`"trace_id":""`), nil)
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if pending, err := d.store.PendingBatches(t.Context(), "", farAhead, 1); err != nil || len(pending) != 0 {
		t.Fatalf("something was stored: %v, %v", pending, err)
	}
}

// broken is a queue that takes nothing.
type broken struct{ queue.Queue }

func (broken) Enqueue(context.Context, string) error { return errors.New("connection refused") }

func TestABatchThatIsStoredIsAccepted(t *testing.T) {
	d := newDoorWith(t, func(q queue.Queue) queue.Queue { return broken{q} })
	answer := d.send(http.MethodPost, "/api/v1/logs", with(`"trace_id":""`), nil)
	if answer.Code != http.StatusAccepted {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if pending, err := d.store.PendingBatches(t.Context(), "", farAhead, 1); err != nil || len(pending) != 1 {
		t.Fatalf("the sweeper would find %v, %v", pending, err)
	}
}

var farAhead = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
