#!/bin/sh
# All tests, those of the Go client among them (tests/clients/go). Arguments go to pytest: `-n 0` is one process.
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
# More than a hundred processes are started: what the first compiles is kept for the others, whatever the shell says.
unset PYTHONDONTWRITEBYTECODE
# Three processes for two cores: a good part of the tests waits for servers, queues and clocks. Tests are dealt out in
# the order of their files, so that what a file shares is mostly made once; whoever is done early takes from the others.
exec .venv/bin/python -m pytest -n 3 --dist worksteal --durations 20 "$@"
