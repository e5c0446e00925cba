from collections.abc import Callable, Iterator

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from analyzers.service import ServiceKey
from analyzers.summary import Summary
from rca.assessment import Assessment
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph
from rca.incident import Incident
from rca.questions import Cited
from rca.store.memory import MemoryStore
from server.feed import Change, IncidentFeed


class RememberingBackend:
    """A backend with a real feed and a real store that answers with the graph it was given.

    The page only reads: whatever else is called fails the test.
    """

    detector_names = ()

    def __init__(self, graph: ServiceGraph) -> None:
        self.newest_graph = graph
        self.store = MemoryStore()
        self.feed = IncidentFeed()
        self.graph_ranges: list[tuple[int, int]] = []
        self.held_range = (graph.start_unix_nano, graph.end_unix_nano)

    def keep(self, incident: Incident, change: Change = Change.UPDATED) -> None:
        self.store.save(incident)
        self.feed.publish(change, incident)

    def held(self) -> tuple[int, int]:
        return self.held_range

    def graph(self, start_unix_nano: int, end_unix_nano: int) -> ServiceGraph:
        self.graph_ranges.append((start_unix_nano, end_unix_nano))
        return self.newest_graph

    def summary(self, start_unix_nano: int, end_unix_nano: int) -> Summary | None:
        raise AssertionError("the page asked for a summary")

    def diagnose(self, start_unix_nano: int, end_unix_nano: int, service: ServiceKey | None) -> Diagnosis:
        raise AssertionError("the page asked for a new diagnosis")

    def diagnose_incident(self, incident: Incident) -> Diagnosis:
        raise AssertionError("the page asked for a new diagnosis")

    def assess(self, logs: LogsData, detectors: tuple[str, ...]) -> Assessment:
        raise AssertionError("the page asked for an assessment")

    def assess_held(
        self, services: tuple[str, ...], start_unix_nano: int, end_unix_nano: int, detectors: tuple[str, ...]
    ) -> Assessment:
        raise AssertionError("the page asked for an assessment")

    def change(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        raise AssertionError("the page tried to change an incident")

    def answer(self, question: str, incident: Incident | None) -> Iterator[str | Cited]:
        raise AssertionError("the page asked a question")
