// Package realserver starts real servers for tests, on loopback, in directories of their own, and stops them when the
// test ends.
package realserver

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const startTimeout = 60 * time.Second

// need ends the test that lacks something: it fails in CI, and skips elsewhere.
func need(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s (CI is set, so this is a failure)", what)
	}
	t.Skip(what)
}

// tool finds a program by name on the path, or else by the patterns of where Debian puts it.
func tool(t testing.TB, name, debianPackage string, patterns ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	need(t, name+" is missing: apt-get install "+debianPackage)
	return ""
}

// freePort finds a port for a server that cannot choose one itself.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// tail is the end of what a server wrote, for the message of a test that fails.
func tail(path string) string {
	const most = 4000
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-most):])
}
