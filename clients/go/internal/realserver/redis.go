package realserver

import (
	"context"
	"os/exec"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Redis starts redis-server and returns its URL.
func Redis(t testing.TB) string {
	t.Helper()
	program := tool(t, "redis-server", "redis-server")
	port := freePort(t)
	server := start(t, exec.Command(program,
		"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no",
	), syscall.SIGTERM)
	url := "redis://127.0.0.1:" + port + "/0"
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	server.await(t, func() error { return client.Ping(context.Background()).Err() })
	return url
}
