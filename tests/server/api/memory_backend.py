"""A small engine that remembers what it was given and what it was asked."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from analyzers.service import ServiceKey
from analyzers.summary import Summary, union
from rca.assessment import Assessment, Basis
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph, build_graph
from rca.incident import Incident, State
from rca.questions import Cited
from rca.store.base import StoreError
from server.errors import NotFoundError
from server.feed import Change, IncidentFeed

ORDINARY = Assessment(False, None, "", "", (), (), 0.0, "", (), Basis.COLD, (), (), (), 0)


class MemoryIncidents:
    """An IncidentStore; fails on demand."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self.failing = False

    def save(self, incident: Incident) -> None:
        self._incidents[incident.incident_id] = incident

    def get(self, incident_id: str) -> Incident | None:
        if self.failing:
            raise StoreError("/secret/place/incidents.lance is full")
        return self._incidents.get(incident_id)

    def list(self) -> Sequence[Incident]:
        return sorted(self._incidents.values(), key=lambda item: (-item.start_unix_nano, item.incident_id))

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        words = query.split()
        scored = [(item, float(sum(word in item.title for word in words))) for item in self._incidents.values()]
        return sorted((pair for pair in scored if pair[1]), key=lambda pair: -pair[1])[:limit]

    def purge(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Asked:
    """Calls that came, with their arguments."""

    assess: list[tuple[LogsData, tuple[str, ...]]] = field(default_factory=list)
    assess_held: list[tuple[tuple[str, ...], int, int, tuple[str, ...]]] = field(default_factory=list)
    diagnose: list[tuple[int, int, ServiceKey | None]] = field(default_factory=list)
    diagnose_incident: list[str] = field(default_factory=list)
    answer: list[tuple[str, str]] = field(default_factory=list)


class MemoryBackend:
    """A Backend over buckets that the test puts in."""

    def __init__(self, feed_length: int = 1000) -> None:
        self.store = MemoryIncidents()
        self.feed = IncidentFeed(feed_length)
        self.detector_names = ("error_share", "new_template")
        self.buckets: list[Summary] = []
        self.asked = Asked()
        self.assessment = ORDINARY
        self.answer_parts: list[str | Cited | Exception] = []
        self.failure: Exception | None = None
        # While not set, assess waits; `assessing` tells that it does.
        self.may_assess = threading.Event()
        self.may_assess.set()
        self.assessing = threading.Event()
        self._lock = threading.Lock()

    def put(self, incident: Incident, change: Change = Change.CREATED) -> Incident:
        self.store.save(incident)
        self.feed.publish(change, incident)
        return incident

    def held(self) -> tuple[int, int]:
        if not self.buckets:
            return 0, 0
        return min(item.start_unix_nano for item in self.buckets), max(item.end_unix_nano for item in self.buckets)

    def summary(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        inside = [
            item
            for item in self.buckets
            if item.start_unix_nano >= start_unix_nano and item.end_unix_nano <= end_unix_nano
        ]
        return union(inside) if inside else None

    def graph(self, start_unix_nano: int, end_unix_nano: int) -> ServiceGraph:
        return build_graph(self.summary(start_unix_nano, end_unix_nano) or Summary(start_unix_nano, end_unix_nano))

    def diagnose(self, start_unix_nano: int, end_unix_nano: int, service: ServiceKey | None) -> Diagnosis:
        self.asked.diagnose.append((start_unix_nano, end_unix_nano, service))
        graph = self.graph(start_unix_nano, end_unix_nano)
        return Diagnosis((), (), "nothing stands out", (), graph, end_unix_nano, inconclusive_reason="too little seen")

    def diagnose_incident(self, incident: Incident) -> Diagnosis:
        self.asked.diagnose_incident.append(incident.incident_id)
        graph = self.graph(incident.start_unix_nano, incident.seen_unix_nano)
        return Diagnosis((), (), "nothing stands out", (), graph, 0, inconclusive_reason="too little seen")

    def assess(self, logs: LogsData, detectors: tuple[str, ...]) -> Assessment:
        self.asked.assess.append((logs, detectors))
        self.assessing.set()
        assert self.may_assess.wait(20)
        if self.failure is not None:
            raise self.failure
        return self.assessment

    def assess_held(
        self, services: tuple[str, ...], start_unix_nano: int, end_unix_nano: int, detectors: tuple[str, ...]
    ) -> Assessment:
        self.asked.assess_held.append((services, start_unix_nano, end_unix_nano, detectors))
        return self.assessment

    def change(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        with self._lock:
            known = self.store.get(incident_id)
            if known is None:
                raise NotFoundError(f"there is no incident {incident_id}")
            changed = change(known)
            if changed == known:
                return known
            changed = replace(changed, revision=known.revision + 1, update_unix_nano=known.update_unix_nano + 1)
            resolved = changed.state is State.RESOLVED and known.state is not State.RESOLVED
            return self.put(changed, Change.RESOLVED if resolved else Change.UPDATED)

    def answer(self, question: str, incident: Incident | None) -> Iterator[str | Cited]:
        self.asked.answer.append((question, incident.incident_id if incident else ""))
        for part in self.answer_parts:
            if isinstance(part, Exception):
                raise part
            yield part
