package realserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// process is a server that runs until the test ends.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
}

// start runs a command with its output in a file, and ends it with a signal, or by force if that takes too long.
func start(t testing.TB, command *exec.Cmd, ending syscall.Signal) *process {
	t.Helper()
	p := &process{command: command, log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	output, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	if command.Stdout == nil {
		command.Stdout = output
	}
	command.Stderr = output
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", command.Path, err)
	}
	go func() {
		defer close(p.ended)
		_ = command.Wait()
		_ = output.Close()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(ending)
		select {
		case <-p.ended:
		case <-time.After(20 * time.Second):
			_ = command.Process.Kill()
			<-p.ended
		}
	})
	return p
}

// await polls until the server answers.
func (p *process) await(t testing.TB, answers func() error) {
	t.Helper()
	deadline := time.Now().Add(startTimeout)
	for {
		err := answers()
		if err == nil {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", p.command.Path, tail(p.log))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%s", p.command.Path, err, tail(p.log))
		}
	}
}
