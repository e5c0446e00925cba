"""What the API sees of the engine."""

from collections.abc import Callable, Iterator
from typing import Protocol

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from analyzers.service import ServiceKey
from analyzers.summary import Summary
from rca.assessment import Assessment
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph
from rca.incident import Incident
from rca.questions import Cited
from rca.store.base import IncidentStore
from server.feed import IncidentFeed


class Backend(Protocol):
    """Reads never block ingest for long and never change what is learned. Safe to use from several threads.

    Time ranges are nanoseconds of event time, end exclusive; what is no longer held is not in the answer.
    """

    @property
    def store(self) -> IncidentStore: ...

    @property
    def feed(self) -> IncidentFeed: ...

    @property
    def detector_names(self) -> tuple[str, ...]: ...

    def held(self) -> tuple[int, int]:
        """Start and end of what is held; (0, 0) when nothing is."""
        ...

    def summary(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        """What happened in the range, as a copy of its own; None when nothing of it is held."""
        ...

    def graph(self, start_unix_nano: int, end_unix_nano: int) -> ServiceGraph:
        """Empty when nothing of the range is held."""
        ...

    def diagnose(self, start_unix_nano: int, end_unix_nano: int, service: ServiceKey | None) -> Diagnosis:
        """Rank causes for the range; with a service, only causes that could reach it."""
        ...

    def diagnose_incident(self, incident: Incident) -> Diagnosis:
        """Rank causes for all of its time, on what is still held of it."""
        ...

    def assess(self, logs: LogsData, detectors: tuple[str, ...]) -> Assessment:
        """Judge logs that are not taken in. Stateless."""
        ...

    def assess_held(
        self, services: tuple[str, ...], start_unix_nano: int, end_unix_nano: int, detectors: tuple[str, ...]
    ) -> Assessment:
        """Judge logs that are held; record_results is empty."""
        ...

    def change(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Apply `change` to the current state of an incident, save it, tell the feed, and return what was saved.

        When what `change` returns equals what it was given, nothing is saved or told, and the revision stays.
        Raises `server.errors.NotFoundError` when there is none; what `change` raises goes through and nothing is saved.
        """
        ...

    def answer(self, question: str, incident: Incident | None) -> Iterator[str | Cited]:
        """Sentences of an answer, each followed by what it rests on."""
        ...
