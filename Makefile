# Everything a person does with the project. `make demo` needs Python 3.11 or newer alone; `make test` may also use Go,
# Node and Debian packages, and says so where one is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROTO := .venv-proto
FUZZ := .venv-fuzz
GO_TOOLS := $(CURDIR)/.cache/go-tools
ARGS ?=

.PHONY: install demo test lint fix proto native bench fuzz clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.lock requirements.lock pyproject.toml clients/python/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		-e clients/python -e .
	touch $@

demo: install
	$(BIN)/hypocenter demo $(ARGS)

test: lint
	sh tests/test.sh $(ARGS)

lint: install
	sh tests/lint.sh

fix: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: $(PROTO)/.installed $(GO_TOOLS)/.installed
	PATH="$(CURDIR)/$(PROTO)/bin:$(GO_TOOLS):$$PATH" $(PROTO)/bin/python proto/generate.py \
		.cache/proto clients/python clients/go

$(PROTO)/.installed: proto/requirements-codegen.txt
	test -x $(PROTO)/bin/python || $(PYTHON) -m venv $(PROTO)
	$(PROTO)/bin/python -m pip install --quiet --disable-pip-version-check -r proto/requirements-codegen.txt
	touch $@

$(GO_TOOLS)/.installed: Makefile
	GOBIN=$(GO_TOOLS) go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.6
	GOBIN=$(GO_TOOLS) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1
	touch $@

# The hot path of ingest once more, in Rust: the same results in a third of the time. Needs cargo, and nothing from the
# network. Put in place by a move, so that nobody who runs with the old one finds it changed under his feet.
native:
	cargo build --release --offline --locked --quiet --manifest-path analyzers/native/Cargo.toml \
		--target-dir .cache/native
	for name in libhypocenter_native.so libhypocenter_native.dylib hypocenter_native.dll; do \
		if test -f .cache/native/release/$$name; then \
			cp .cache/native/release/$$name analyzers/native/$$name.new; \
			mv -f analyzers/native/$$name.new analyzers/native/$$name; \
		fi; \
	done

bench: install
	$(BIN)/python -m tests.benchmarks $(ARGS)

# Beside what it borrows from the other environment, so that atheris is not in the way of whoever never fuzzes.
fuzz: install $(FUZZ)/.installed
	PYTHONPATH="$(CURDIR):$(CURDIR)/clients/python:$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')" \
		$(FUZZ)/bin/python -m tests.fuzz $(ARGS)

$(FUZZ)/.installed: $(VENV)/.installed
	$(BIN)/python -m venv --clear $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check 'atheris>=3,<4'
	touch $@

clean:
	rm -rf .cache analyzers/native/*hypocenter_native.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
