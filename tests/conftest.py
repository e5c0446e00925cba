"""Fixtures for every folder: the service as users start it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running_server import RunningServer

StartServer = Callable[..., RunningServer]


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
