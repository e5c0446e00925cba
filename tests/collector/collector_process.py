"""A running Collector with deploy/otel-collector.yaml, its ports and folders chosen by environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType

from prometheus_client.parser import text_string_to_metric_families

from tests.collector.build import REPOSITORY

USER_CONFIG = REPOSITORY / "deploy" / "otel-collector.yaml"


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on now, for programs that can't choose one and tell.

    Below those that the kernel gives to whoever asks for any, so that no other test gets one of them before that
    program starts, or while it is away.
    """
    with ExitStack() as held:
        ports: list[int] = []
        for port in Random().sample(range(20_000, 32_000), 1_000):
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                ports.append(port)
            if len(ports) == count:
                return ports
    raise RuntimeError(f"no {count} free ports found")


def wait_until(condition: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Poll until the condition holds; AssertionError with what() when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what()}"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """What a user of the config would set. `overlays` are merged over it, in order."""

    binary: Path
    folder: Path
    hypocenter: str
    overlays: Sequence[Path] = ()
    log_service_name: str = "legacy-billing"

    @property
    def log_file(self) -> Path:
        """The file the Collector follows; it need not exist yet."""
        return self.folder / "application.log"


@dataclass(slots=True)
class CollectorProcess:
    """A Collector from __enter__ (healthy) to __exit__ (stopped by SIGTERM, having sent or stored what it had).

    Entering again starts a new process on the same folder.
    """

    settings: CollectorSettings
    otlp_grpc: str = field(init=False)
    _health: int = field(init=False)
    _metrics: int = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __enter__(self) -> CollectorProcess:
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        grpc_port, http_port, self._health, self._metrics = free_ports(4)
        self.otlp_grpc = f"127.0.0.1:{grpc_port}"
        environment = {
            **os.environ,
            "LOG_PATH": str(self.settings.log_file),
            "LOG_SERVICE_NAME": self.settings.log_service_name,
            "LOG_ENVIRONMENT": "test",
            "COLLECTOR_HYPOCENTER": self.settings.hypocenter,
            "COLLECTOR_OTLP_GRPC": self.otlp_grpc,
            "COLLECTOR_OTLP_HTTP": f"127.0.0.1:{http_port}",
            "COLLECTOR_HEALTH": f"127.0.0.1:{self._health}",
            "COLLECTOR_METRICS_PORT": str(self._metrics),
            "COLLECTOR_DATA_DIR": str(self.settings.folder / "state"),
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.settings.binary, *config_arguments(self.settings.overlays)],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._healthy, 30, self.log_tail)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def total(self, metric: str, **labels: str) -> int:
        """Sum over a counter's series that carry the labels, e.g. total("otelcol_receiver_accepted_spans")."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return sum(
            int(sample.value)
            for family in families
            for sample in family.samples
            if sample.name in (metric, f"{metric}_total") and labels.items() <= sample.labels.items()
        )

    def log_tail(self) -> str:
        """The last words of the Collector, for a failed assertion."""
        return self._log.read_text(errors="replace")[-3000:]

    @property
    def _log(self) -> Path:
        return self.settings.folder / "otelcol.log"

    def _healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the Collector has gone: {self.log_tail()}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._health}/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def config_arguments(overlays: Sequence[Path]) -> list[str]:
    """Command line for the user's config with overlays merged over it."""
    return [argument for config in (USER_CONFIG, *overlays) for argument in ("--config", str(config))]
