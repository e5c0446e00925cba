package main

import (
	"testing"

	"github.com/hypocenter/hypocenter/clients/go/internal/realserver"
)

// TestLive runs the backend against the real server, when HYPOCENTER_COMMAND says how to start one.
func TestLive(t *testing.T) {
	address := realserver.Hypocenter(t)
	b := startBackend(t, append(sqliteFlags(t), "-hypocenter", address)...)
	ids := b.accept(`[
		{"service": "payment", "level": "ERROR", "message": "dial tcp 10.0.3.7:5432: connect: connection refused"},
		{"service": "payment", "level": "ERROR", "message": "dial tcp 10.0.3.8:5432: connect: connection refused"},
		{"service": "cart", "level": "INFO", "message": "cart 17 has 3 items"}]`)
	for i, id := range ids {
		found := b.await(id)
		if found.State != "analyzed" || found.Result.Assessment.Basis != "cold" {
			t.Fatalf("record %d = %+v, result = %+v", i, found, found.Result)
		}
		if isError := i < 2; found.Result.IsAnomaly != isError {
			t.Errorf("record %d: is_anomaly = %v, want %v", i, found.Result.IsAnomaly, isError)
		}
	}
	b.awaitHealth(healthAnswer{Store: "ok", Queue: "ok"})
	b.stop()
}
