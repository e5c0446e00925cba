package realserver

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Hypocenter starts the command of HYPOCENTER_COMMAND with an empty data directory on free ports, and returns the
// address of its API.
func Hypocenter(t testing.TB) string {
	t.Helper()
	words := strings.Fields(os.Getenv("HYPOCENTER_COMMAND"))
	if len(words) == 0 {
		need(t, `HYPOCENTER_COMMAND is not set, for example to "hypocenter serve"`)
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(),
		"HYPOCENTER_DATA_DIR="+t.TempDir(),
		"HYPOCENTER_OTLP__GRPC=127.0.0.1:0",
		"HYPOCENTER_OTLP__HTTP=127.0.0.1:0",
		"HYPOCENTER_API__GRPC=127.0.0.1:0",
		"HYPOCENTER_WEB__HTTP=127.0.0.1:0",
	)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	command.Stdout = writer
	server := start(t, command, syscall.SIGTERM)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		// Read to the end, so that the server never blocks on its output.
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			var line struct {
				Ready   bool   `json:"ready"`
				APIGRPC string `json:"api_grpc"`
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Ready {
				address <- line.APIGRPC
			}
		}
	}()
	select {
	case found := <-address:
		return found
	case <-server.ended:
		t.Fatalf("%v ended before it was ready:\n%s", words, tail(server.log))
	case <-time.After(startTimeout):
		t.Fatalf("%v is not ready after %v:\n%s", words, startTimeout, tail(server.log))
	}
	return ""
}
