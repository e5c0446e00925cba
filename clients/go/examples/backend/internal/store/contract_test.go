package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/sqlitefile"
	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/store"
	"github.com/hypocenter/hypocenter/clients/go/internal/realserver"
)

// place opens stores on the same data.
type place func(t *testing.T) store.Store

func TestSQLite(t *testing.T) {
	contract(t, func(t *testing.T) place {
		path := filepath.Join(t.TempDir(), "store.db")
		return func(t *testing.T) store.Store {
			db, err := sqlitefile.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			s, err := store.NewSQLite(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

func TestPostgres(t *testing.T) {
	server := realserver.StartPostgres(t)
	contract(t, func(t *testing.T) place {
		url := server.Database(t)
		return func(t *testing.T) store.Store {
			s, err := store.OpenPostgres(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
	})
}

func contract(t *testing.T, newPlace func(*testing.T) place) {
	for name, test := range map[string]func(*testing.T, place){
		"a record comes back as it was":         aRecordComesBack,
		"a large batch keeps its order":         aLargeBatchKeepsItsOrder,
		"a batch is inserted as a whole":        aBatchIsInsertedAsAWhole,
		"a discarded batch is gone":             aDiscardedBatchIsGone,
		"results are upserted":                  resultsAreUpserted,
		"results are saved as a whole":          resultsAreSavedAsAWhole,
		"anomalies come newest first, by pages": anomaliesByPages,
		"pending batches are those unfinished":  pendingBatches,
	} {
		t.Run(name, func(t *testing.T) { test(t, newPlace(t)) })
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func batch(id string, size int) []record.Record {
	var records []record.Record
	for i := range size {
		records = append(records, record.Record{
			ID: fmt.Sprintf("%s-%d", id, i), BatchID: id, Service: "payment", Level: "ERROR", Message: "boom",
			Time: noon, Received: noon.Add(time.Second),
		})
	}
	return records
}

func insert(t *testing.T, s store.Store, records []record.Record) {
	t.Helper()
	if err := s.Insert(t.Context(), records); err != nil {
		t.Fatalf("Insert: %v", err)
	}
}

func save(t *testing.T, s store.Store, results ...record.Result) {
	t.Helper()
	if err := s.SaveResults(t.Context(), results); err != nil {
		t.Fatalf("SaveResults: %v", err)
	}
}

func aRecordComesBack(t *testing.T, open place) {
	s := open(t)
	sent := batch("b", 1)
	sent[0].Message = "a nul \x00, 漢字, \"quotes\" and \U0001F4A5"
	sent[0].Attributes = json.RawMessage(`{"n":9007199254740993,"nested":{"nul":"\u0000"}}`)
	sent[0].TraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	insert(t, s, sent)
	found, err := open(t).Get(t.Context(), "b-0")
	if err != nil || found.State != record.Pending || found.Result != nil {
		t.Fatalf("Get = %+v, %v", found, err)
	}
	if !reflect.DeepEqual(found.Record, sent[0]) {
		t.Fatalf("Get = %+v, want %+v", found.Record, sent[0])
	}
	if _, err := s.Get(t.Context(), "other"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get of an unknown id: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func aLargeBatchKeepsItsOrder(t *testing.T, open place) {
	s := open(t)
	insert(t, s, batch("b", 1000))
	found, err := s.Batch(t.Context(), "b")
	if err != nil || len(found) != 1000 {
		t.Fatalf("Batch has %d entries, %v", len(found), err)
	}
	for i, entry := range found {
		if entry.ID != fmt.Sprintf("b-%d", i) {
			t.Fatalf("entry %d is %s", i, entry.ID)
		}
	}
	if none, err := s.Batch(t.Context(), "other"); err != nil || len(none) != 0 {
		t.Fatalf("Batch of an unknown id: %v, %v", none, err)
	}
}

func aBatchIsInsertedAsAWhole(t *testing.T, open place) {
	s := open(t)
	records := batch("b", 300)
	records[299].ID = records[0].ID
	if err := s.Insert(t.Context(), records); err == nil {
		t.Fatal("an id was inserted twice")
	}
	if found, err := s.Batch(t.Context(), "b"); err != nil || len(found) != 0 {
		t.Fatalf("%d records of the failed batch are there, %v", len(found), err)
	}
}

func aDiscardedBatchIsGone(t *testing.T, open place) {
	s := open(t)
	insert(t, s, batch("a", 2))
	insert(t, s, batch("b", 2))
	if err := s.Discard(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	pending, err := s.PendingBatches(t.Context(), "", noon.Add(time.Hour), 10)
	if err != nil || !reflect.DeepEqual(pending, []string{"b"}) {
		t.Fatalf("PendingBatches = %v, %v", pending, err)
	}
}

func resultsAreUpserted(t *testing.T, open place) {
	s := open(t)
	insert(t, s, batch("b", 1))
	dead := record.Result{RecordID: "b-0", State: record.Dead, Error: "gave up: \x00", Finished: noon}
	good := record.Result{
		RecordID: "b-0", State: record.Analyzed, IsAnomaly: true, Severity: "high", Score: 0.75, Finished: noon,
		Assessment: record.Assessment{RootCause: "disk full", RemediationSteps: []string{"free space"}, Basis: "cold"},
	}
	better := good
	better.Severity = "critical"
	for step, is := range []struct{ saved, want record.Result }{
		{dead, dead}, {good, good}, {good, good}, {better, better}, {dead, better},
	} {
		save(t, s, is.saved)
		found, err := s.Get(t.Context(), "b-0")
		if err != nil || found.State != is.want.State || !reflect.DeepEqual(*found.Result, is.want) {
			t.Fatalf("step %d: result = %+v, %v; want %+v", step, found.Result, err, is.want)
		}
	}
}

func resultsAreSavedAsAWhole(t *testing.T, open place) {
	s := open(t)
	insert(t, s, batch("b", 1))
	results := []record.Result{
		{RecordID: "b-0", State: record.Analyzed, Finished: noon},
		{RecordID: "unknown", State: record.Analyzed, Finished: noon},
	}
	if err := s.SaveResults(t.Context(), results); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a result without a record gave %v", err)
	}
	if found, err := s.Get(t.Context(), "b-0"); err != nil || found.State != record.Pending {
		t.Fatalf("Get = %+v, %v; want it pending", found, err)
	}
}

func anomaliesByPages(t *testing.T, open place) {
	s := open(t)
	insert(t, s, batch("b", 7))
	for i := range 7 {
		// Two have the same time; one is no anomaly.
		finished := noon.Add(time.Duration(i/2) * time.Second)
		save(t, s, record.Result{
			RecordID: fmt.Sprintf("b-%d", i), State: record.Analyzed, IsAnomaly: i != 3, Finished: finished,
		})
	}
	var ids []string
	for cursor := (store.Cursor{}); ; {
		page, err := s.Anomalies(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page {
			ids = append(ids, entry.ID)
			cursor = store.Cursor{FinishedUnixNano: entry.Result.Finished.UnixNano(), RecordID: entry.ID}
		}
		if len(page) < 2 {
			break
		}
	}
	if want := []string{"b-6", "b-5", "b-4", "b-2", "b-1", "b-0"}; !reflect.DeepEqual(ids, want) {
		t.Fatalf("anomalies = %v, want %v", ids, want)
	}
}

func pendingBatches(t *testing.T, open place) {
	s := open(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		insert(t, s, batch(id, 2))
	}
	late := batch("e", 1)
	late[0].Received = noon.Add(time.Hour)
	insert(t, s, late)
	save(t, s, record.Result{RecordID: "b-0", State: record.Analyzed, Finished: noon},
		record.Result{RecordID: "b-1", State: record.Dead, Finished: noon})
	save(t, s, record.Result{RecordID: "c-1", State: record.Analyzed, Finished: noon})
	first, err := s.PendingBatches(t.Context(), "", noon.Add(time.Minute), 2)
	if err != nil || !reflect.DeepEqual(first, []string{"a", "c"}) {
		t.Fatalf("PendingBatches = %v, %v", first, err)
	}
	rest, err := s.PendingBatches(t.Context(), "c", noon.Add(time.Minute), 2)
	if err != nil || !reflect.DeepEqual(rest, []string{"d"}) {
		t.Fatalf("PendingBatches = %v, %v", rest, err)
	}
}
