"""The engine as the API and the page see it."""

import time
from collections.abc import Callable, Iterator, Sequence

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from analyzers.detectors import LOG_DETECTORS, Detector
from analyzers.otlp import DecodeLimits, decode_logs
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from rca.assessment import Assessment
from rca.assessor import Assessor
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph, build_graph
from rca.incident import Incident
from rca.questions import Cited, answer
from rca.store.base import IncidentStore
from server.engine import Engine
from server.feed import IncidentFeed
from server.incidents import IncidentBook


class EngineBackend:
    """Implements `server.api.backend.Backend`."""

    def __init__(self, engine: Engine, book: IncidentBook, assessor: Assessor, limits: DecodeLimits) -> None:
        self._engine = engine
        self._book = book
        self._assessor = assessor
        self._limits = limits

    @property
    def store(self) -> IncidentStore:
        return self._book.store

    @property
    def feed(self) -> IncidentFeed:
        return self._book.feed

    @property
    def detector_names(self) -> tuple[str, ...]:
        """Those that AnalyzeLogs can run: they need nothing but logs."""
        return LOG_DETECTORS

    def held(self) -> tuple[int, int]:
        return self._engine.held()

    def summary(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        return self._engine.summary(start_unix_nano, end_unix_nano)

    def graph(self, start_unix_nano: int, end_unix_nano: int) -> ServiceGraph:
        summary = self._engine.summary(start_unix_nano, end_unix_nano)
        return build_graph(summary or Summary(start_unix_nano, end_unix_nano))

    def diagnose(self, start_unix_nano: int, end_unix_nano: int, service: ServiceKey | None) -> Diagnosis:
        around = (service,) if service is not None else ()
        diagnosis, _ = self._engine.diagnose(start_unix_nano, end_unix_nano, around)
        return diagnosis

    def diagnose_incident(self, incident: Incident) -> Diagnosis:
        diagnosis = self._book.diagnose(incident).diagnosis
        assert diagnosis is not None
        return diagnosis

    def assess(self, logs: LogsData, detectors: tuple[str, ...]) -> Assessment:
        batch = decode_logs(logs.resource_logs, time.time_ns(), self._limits)
        return self._assessor.assess(batch, self._engine.baseline, self._chosen(detectors), self._engine.lock)

    def assess_held(
        self, services: tuple[str, ...], start_unix_nano: int, end_unix_nano: int, detectors: tuple[str, ...]
    ) -> Assessment:
        summary = self._engine.summary(start_unix_nano, end_unix_nano) or Summary(start_unix_nano, end_unix_nano)
        if services:
            wanted = {key: seen for key, seen in summary.services.items() if key.name in services}
            summary = Summary(summary.start_unix_nano, summary.end_unix_nano, wanted)
        with self._engine.lock:
            found = self._assessor.assess_summary(summary, self._engine.baseline, self._chosen(detectors))
        return found.assessment

    def change(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        return self._book.change(incident_id, change)

    def answer(self, question: str, incident: Incident | None) -> Iterator[str | Cited]:
        yield from answer(question, incident, self._book.store)

    def _chosen(self, names: Sequence[str]) -> tuple[Detector, ...]:
        wanted = names or LOG_DETECTORS
        return tuple(item for item in self._engine.detectors if item.name in wanted and item.name in LOG_DETECTORS)
