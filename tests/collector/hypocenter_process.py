"""Hypocenter as users start it, on ports of its own choosing."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from hypocenter.v1.incident_pb2 import INCIDENT_VIEW_FULL, Incident
from hypocenter.v1.incident_service_pb2 import ListIncidentsRequest, ListIncidentsResponse
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub
from prometheus_client.parser import text_string_to_metric_families

from tests.collector.build import REPOSITORY

_FREE_PORT = "127.0.0.1:0"
_ADDRESSES = ("HYPOCENTER_OTLP__GRPC", "HYPOCENTER_OTLP__HTTP", "HYPOCENTER_API__GRPC", "HYPOCENTER_WEB__HTTP")
# The settings every test here starts Hypocenter with, and so known to exist.
_OPEN = ("HYPOCENTER_OTLP__INSECURE", "HYPOCENTER_API__INSECURE", "HYPOCENTER_WEB__INSECURE")
BASIC_SETTINGS = frozenset({*_ADDRESSES, *_OPEN, "HYPOCENTER_DATA_DIR"})


class HypocenterProcess:
    """`python -m server serve` from __enter__ (ready) to __exit__ (stopped by SIGTERM).

    `config` are further settings as environment variables, e.g. {"HYPOCENTER_WINDOW__IDLE": "2s"}.
    """

    def __init__(self, folder: Path, config: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        # What the developer's shell says about Hypocenter is not part of the test.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HYPOCENTER_", "OTEL_"))}
        self._environment = {
            **inherited,
            **dict.fromkeys(_ADDRESSES, _FREE_PORT),
            **dict.fromkeys(_OPEN, "true"),
            "HYPOCENTER_DATA_DIR": str(folder / "data"),
            **(config or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._addresses: Mapping[str, str] = {}

    def __enter__(self) -> HypocenterProcess:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve"],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            self._addresses = self._ready(60)
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
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise

    @property
    def otlp_grpc(self) -> str:
        return self._addresses["otlp_grpc"]

    def received(self, signal: str) -> int:
        return int(self._signal(signal)["received"])

    def refused(self, signal: str) -> int:
        status = self._signal(signal)
        return int(status["rejected"]) + int(status["duplicate"]) + sum(int(n) for n in status["dropped"].values())

    def pending(self, signal: str) -> int:
        """Acknowledged, but not yet in a window."""
        return int(self._signal(signal)["pending"])

    def status(self) -> Mapping[str, Any]:
        """The body of /status."""
        document: Mapping[str, Any] = json.loads(self._get("/status"))
        return document

    def metric(self, name: str, **labels: str) -> float:
        """Sum over the samples of that name that carry the labels; 0 when there is none."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self._get("/metrics").decode())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def incidents(self) -> Sequence[Incident]:
        """All incidents in full, newest first."""
        with grpc.insecure_channel(self._addresses["api_grpc"]) as channel:
            response: ListIncidentsResponse = IncidentServiceStub(channel).ListIncidents(
                ListIncidentsRequest(page_size=100, view=INCIDENT_VIEW_FULL), timeout=60
            )
        return response.incidents

    def log_tail(self) -> str:
        """The last words of the server, for a failed assertion."""
        return self._log.read_text(errors="replace")[-3000:]

    @property
    def _log(self) -> Path:
        return self._folder / "hypocenter.log"

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{self._addresses['web_http']}{path}", timeout=10) as answer:
            body: bytes = answer.read()
        return body

    def _signal(self, signal: str) -> Mapping[str, Any]:
        status: Mapping[str, Any] = self.status()[signal]
        return status

    def _ready(self, seconds: float) -> Mapping[str, str]:
        assert self._process is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                assert selector.select(max(0.0, deadline - time.monotonic())), f"not ready: {self.log_tail()}"
                chunk = os.read(self._process.stdout.fileno(), 65536)
                assert chunk, f"ended before it was ready: {self.log_tail()}"
                line += chunk
        addresses: Mapping[str, str] = json.loads(line)
        return addresses
