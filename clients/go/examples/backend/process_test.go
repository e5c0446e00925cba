package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const childVariable = "BACKEND_TEST_RUN_MAIN"

// The tests run the backend in a process of its own, which can be killed: the test program itself, told to be main.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// backend is a running backend.
type backend struct {
	t       *testing.T
	url     string
	command *exec.Cmd
	log     string
	ended   chan error
}

func startBackend(t *testing.T, arguments ...string) *backend {
	t.Helper()
	b := &backend{t: t, log: filepath.Join(t.TempDir(), "log"), ended: make(chan error, 1)}
	stderr, err := os.Create(b.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stderr.Close() }()
	b.command = exec.Command(os.Args[0], append([]string{
		"-listen", "127.0.0.1:0", "-poll", "20ms", "-retry-initial", "10ms", "-retry-max", "50ms",
	}, arguments...)...)
	b.command.Env = append(os.Environ(), childVariable+"=1")
	b.command.Stderr = stderr
	stdout, err := b.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.command.Process.Kill()
		if t.Failed() {
			content, _ := os.ReadFile(b.log)
			t.Logf("the backend wrote:\n%s", content)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	go func() { b.ended <- b.command.Wait() }()
	var said ready
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil || !said.Ready {
		t.Fatalf("the backend is not ready: %v %s", err, line)
	}
	b.url = "http://" + said.HTTP
	return b
}

// kill is kill -9.
func (b *backend) kill() {
	b.t.Helper()
	if err := b.command.Process.Kill(); err != nil {
		b.t.Fatal(err)
	}
	<-b.ended
}

// stop asks it to end and wants it to do so well.
func (b *backend) stop() {
	b.t.Helper()
	if err := b.command.Process.Signal(syscall.SIGTERM); err != nil {
		b.t.Fatal(err)
	}
	select {
	case err := <-b.ended:
		if err != nil {
			b.t.Fatalf("it ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		b.t.Fatal("it does not end")
	}
}

// get reads a JSON answer of a status.
func (b *backend) get(path string, status int, into any) {
	b.t.Helper()
	b.read(b.fetch(path), status, into)
}

func (b *backend) fetch(path string) *http.Response {
	b.t.Helper()
	response, err := http.Get(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	return response
}

func (b *backend) post(body string, status int, into any) http.Header {
	b.t.Helper()
	response, err := http.Post(b.url+"/api/v1/logs", "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.read(response, status, into)
	return response.Header
}

func (b *backend) read(response *http.Response, status int, into any) {
	b.t.Helper()
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if response.StatusCode != status {
		b.t.Fatalf("%s = %d %s, want %d", response.Request.URL.Path, response.StatusCode, content, status)
	}
	if err := json.Unmarshal(content, into); err != nil {
		b.t.Fatalf("%s = %s: %v", response.Request.URL.Path, content, err)
	}
}

// accept posts logs and returns their ids.
func (b *backend) accept(body string) []string {
	b.t.Helper()
	var answer struct{ IDs []string }
	b.post(body, http.StatusAccepted, &answer)
	return answer.IDs
}

// entry is what the API says of a record.
type entry struct {
	ID      string
	State   string
	Service string
	Message string
	Result  *struct {
		IsAnomaly  bool `json:"is_anomaly"`
		Severity   string
		Error      string
		Assessment struct {
			RootCause string `json:"root_cause"`
			Basis     string
		}
	}
}

// await polls until a record is no longer pending.
func (b *backend) await(id string) entry {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var found entry
		b.get("/api/v1/logs/"+id, http.StatusOK, &found)
		if found.State != "pending" {
			return found
		}
	}
	b.t.Fatalf("record %s stays pending", id)
	return entry{}
}

type healthAnswer struct {
	Store, Queue string
	LiveJobs     int `json:"live_jobs"`
	DeadJobs     int `json:"dead_jobs"`
}

// awaitHealth polls until the jobs are as wanted: a result is stored just before its job is removed. Meanwhile a disk
// that is slow for longer than a probe waits is honestly called unavailable.
func (b *backend) awaitHealth(want healthAnswer) {
	b.t.Helper()
	var got healthAnswer
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		response := b.fetch("/healthz")
		if b.read(response, response.StatusCode, &got); response.StatusCode == http.StatusOK && got == want {
			return
		}
	}
	b.t.Fatalf("health = %+v, want %+v", got, want)
}
