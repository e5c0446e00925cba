// Command backend is an HTTP service as a Go back end would write it around Hypocenter: a log arrives and is answered
// at once, workers have it analyzed later, and the result is there to be asked for. See README.md beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 2 for wrong flags, 1 for a failure.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	c, err := parseConfig(arguments, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		log.Error("configuration", "error", err)
		return 2
	}
	if err := serve(ctx, c, stdout, log); err != nil {
		log.Error("ended", "error", err)
		return 1
	}
	return 0
}
