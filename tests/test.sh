#!/bin/sh
# All tests: Python, and the Go client with the race detector on. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pytest "$@"
