#!/bin/sh
# Style, types, layers, file lengths, drawer names, the API definition. Run by `make lint` and so by `make test`.
set -eu
cd "$(dirname "$0")/.."
BIN=.venv/bin
$BIN/ruff check .
$BIN/ruff format --check .
$BIN/mypy server analyzers rca clients tests
$BIN/lint-imports
$BIN/python tests/house.py
