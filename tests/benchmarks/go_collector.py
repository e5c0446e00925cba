"""A Collector of the benchmarks: a process of its own with the configs of this folder, on given cores."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.machine import pinned
from tests.collector.collector_process import free_ports, wait_until


@dataclass(frozen=True, slots=True)
class GoCollector:
    """Ready to take OTLP/gRPC at `address`."""

    address: str
    pid: int
    log: Path

    @property
    def said(self) -> str:
        """Its last words."""
        return self.log.read_text(errors="replace")[-3000:]


@contextmanager
def go_collector(
    binary: Path, configs: Sequence[Path], cores: frozenset[int], settings: Mapping[str, str] | None = None
) -> Iterator[GoCollector]:
    """Stopped by SIGTERM in the end, which sends what waits to be sent. The first config reads COLLECTOR_OTLP_GRPC."""
    port = free_ports(1)[0]
    environment = {**os.environ, **(settings or {}), "COLLECTOR_OTLP_GRPC": f"127.0.0.1:{port}"}
    arguments = [argument for config in configs for argument in ("--config", str(config))]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output, pinned(cores):
            process = subprocess.Popen([binary, *arguments], env=environment, stdout=output, stderr=output)
        collector = GoCollector(f"127.0.0.1:{port}", process.pid, log)

        def listening() -> bool:
            assert process.poll() is None, collector.said
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_until(listening, 30, lambda: collector.said)
            yield collector
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
