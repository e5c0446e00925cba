"""Fixtures for more than one folder: the service as users start it, a real Collector, a Go toolchain."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.collector.build import GoMissingError, collector_binary
from tests.running_server import RunningServer

StartServer = Callable[..., RunningServer]
# As Hypothesis has it in CI: how long one example takes says little where processes share cores.
settings.register_profile("shared", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts `hypocenter serve` with settings by environment, again and again on the same data.

    What still runs at the end is stopped, which must work; what they said on stderr is shown with a failure.
    """
    started: list[RunningServer] = []

    def start(settings: dict[str, str] | None = None) -> RunningServer:
        server = RunningServer(tmp_path / "server", settings)
        started.append(server)
        return server

    yield start
    try:
        codes = [server.stop() for server in started if server.running]
    finally:
        for server in started:
            if server.running:
                server.kill()
        said = started[0].stderr if started else ""
        print(said, file=sys.stderr)
    assert not any(codes)
    assert "Traceback" not in said


@pytest.fixture(scope="session")
def binary() -> Path:
    """A real Collector; without Go the test fails in CI and is skipped elsewhere.

    The first to ask on a machine has it built, which takes minutes; whoever asks meanwhile waits for it.
    """
    try:
        return collector_binary()
    except GoMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def go() -> str:
    """The `go` command; without it the test fails in CI and is skipped elsewhere."""
    path = shutil.which("go")
    if path is None:
        message = "Go is missing: the Go client can't be tested; install Go 1.26 or newer"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
