"""The servers that are measured, each a process of its own on the server's cores."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.benchmarks.machine import Cores, pinned
from tests.benchmarks.options import CACHE, REPOSITORY
from tests.running_server import RunningServer


class StockServer:
    """A stock servicer; everything it acknowledged, it has done."""

    def __init__(self, cores: Cores, python: Path | None = None) -> None:
        """With the interpreter of the Drain3 environment, the one that mines."""
        module = "tests.benchmarks.drain_server" if python else "tests.benchmarks.stock_server"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HYPOCENTER_")}
        with pinned(cores.server):
            self._process = subprocess.Popen(
                [python or sys.executable, "-m", module],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, "the stock server did not start"

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "StockServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class OurServer(RunningServer):
    """The whole service, as users start it."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def counted_logs(self) -> int:
        """Records counted in windows; what is acknowledged and waits is not among them."""
        return int(self.status()["logs"]["counted"])


@contextmanager
def our_server(cores: Cores, settings: Mapping[str, str] | None = None) -> Iterator[OurServer]:
    """With an empty data directory on disk, which /tmp may not be."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="bench-data-") as folder:
        with pinned(cores.server):
            server = OurServer(Path(folder), settings)
        try:
            yield server
        finally:
            if server.running:
                server.kill()
