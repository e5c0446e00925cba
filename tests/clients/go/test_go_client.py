"""The Go client's own tests, with the race detector on, also against this service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_server import REPOSITORY

SERVE = f"{Path(sys.executable).with_name('hypocenter')} serve"


@pytest.mark.golang
@pytest.mark.timeout(900)  # The first build on a machine fetches and compiles gRPC.
@pytest.mark.parametrize("command", ["vet ./...", "test -race -count=1 ./..."])
def test_go(go: str, command: str) -> None:
    ended = subprocess.run(
        [go, *command.split()],
        cwd=REPOSITORY / "clients" / "go",
        env={**os.environ, "HYPOCENTER_COMMAND": SERVE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=840,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    print(ended.stdout)
