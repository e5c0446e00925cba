"""`hypocenter serve` as users start it: a process of its own, on ports of its own choosing."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypocenter.client import Client
from hypocenter.v1.incident_pb2 import INCIDENT_VIEW_FULL, Incident
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).resolve().parents[1]
_ADDRESSES = ("HYPOCENTER_OTLP__GRPC", "HYPOCENTER_OTLP__HTTP", "HYPOCENTER_API__GRPC", "HYPOCENTER_WEB__HTTP")
# Polls without change, 0.05 s apart and as long as an answer takes.
_STILL = 20


def server_environment(data_dir: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Free ports and that folder, then `settings`; nothing that the developer's shell says about the server."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HYPOCENTER_", "OTEL_"))}
    ports = dict.fromkeys(_ADDRESSES, "127.0.0.1:0")
    return {**inherited, **ports, "HYPOCENTER_DATA_DIR": str(data_dir), **(settings or {})}


def wait_until(condition: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Poll until the condition holds; AssertionError with what() when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what()}"
        time.sleep(0.05)


class RunningServer:
    """From construction to `stop`. `settings` are environment variables; data and stderr are kept under `folder`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = folder / "data"
        self._stderr = folder / "stderr"
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve"],
                cwd=REPOSITORY,
                env=server_environment(self.data_dir, settings),
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        try:
            self._addresses = self._ready(60)
        except BaseException:
            self.kill()
            raise

    @property
    def otlp_grpc(self) -> str:
        return self._addresses["otlp_grpc"]

    @property
    def otlp_http(self) -> str:
        return self._addresses["otlp_http"]

    @property
    def api_grpc(self) -> str:
        return self._addresses["api_grpc"]

    @property
    def web_http(self) -> str:
        return self._addresses["web_http"]

    @property
    def stderr(self) -> str:
        """All it and its predecessors in this folder wrote there."""
        return self._stderr.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self, seconds: float = 10.0, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code. AssertionError when it takes longer than that."""
        self._process.send_signal(number)
        try:
            self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as expired:
            self.kill()
            raise AssertionError(f"did not stop within {seconds:g} s of SIGTERM: {self.stderr}") from expired
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def status(self) -> Mapping[str, Any]:
        """The body of /status."""
        document: Mapping[str, Any] = json.loads(self.get("/status"))
        return document

    def get(self, path: str) -> str:
        """A page of the web port."""
        with urllib.request.urlopen(f"http://{self.web_http}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def metric(self, name: str, **labels: str) -> float:
        """Sum over the samples of that name that carry the labels; 0 when there is none."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics"))
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def incidents(self) -> Sequence[Incident]:
        """All in full, oldest first."""
        with Client(self.api_grpc) as client:
            found = list(client.list_incidents(view=INCIDENT_VIEW_FULL))
        return sorted(found, key=lambda item: (item.create_time.ToNanoseconds(), item.name))

    def settle(self, seconds: float = 30.0) -> None:
        """Wait until everything acknowledged is counted, the idle clock has closed every window, and all are judged.

        What was sent must end with spans. That all are judged shows by none being judged for a while: one whose causes
        are ranked on a busy machine takes its time.
        """
        judged: list[float] = []

        def settled() -> bool:
            status = self.status()
            open_ = status["logs"]["pending"] + status["traces"]["pending"] + self.metric("hypocenter_pending_spans")
            judged.append(self.metric("hypocenter_windows_closed_total"))
            return not open_ and len(judged) > _STILL and len(set(judged[-_STILL:])) == 1

        wait_until(settled, seconds, lambda: f"{self.status()} {self.stderr[-3000:]}")

    def _ready(self, seconds: float) -> Mapping[str, str]:
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                assert selector.select(max(0.0, deadline - time.monotonic())), f"not ready: {self.stderr[-3000:]}"
                chunk = os.read(self._process.stdout.fileno(), 65536)
                assert chunk, f"ended before it was ready: {self.stderr[-3000:]}"
                line += chunk
        document: Mapping[str, Any] = json.loads(line)
        assert document["ready"] is True
        return document
