#!/bin/sh
# All tests: Python, and the Go client with the race detector on. Arguments go to pytest.
# A tool that is missing fails the run in CI and skips its tests, with a message, elsewhere.
set -eu
cd "$(dirname "$0")/.."
if command -v cargo >/dev/null 2>&1; then
  make native
elif [ -n "${CI:-}" ]; then
  echo "cargo is missing: the native ingest path can't be tested; install Rust 1.63 or newer" >&2
  exit 1
else
  echo "skipped: the tests of the native ingest path need Rust 1.63 or newer" >&2
fi
.venv/bin/python -m pytest "$@"
if command -v go >/dev/null 2>&1; then
  HYPOCENTER_COMMAND="$PWD/.venv/bin/hypocenter serve"
  export HYPOCENTER_COMMAND
  (cd clients/go && go vet ./... && go test -race ./...)
elif [ -n "${CI:-}" ]; then
  echo "Go is missing: the Go client can't be tested; install Go 1.26 or newer" >&2
  exit 1
else
  echo "skipped: the Go client's tests need Go 1.26 or newer" >&2
fi
