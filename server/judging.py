"""A closed bucket into anomalies, incidents, a diagnosis and a memory, told in one trace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.trace import Span, Tracer

from analyzers.summary import Summary
from rca.incident import Incident
from server.engine import Engine, Judgement
from server.incidents import IncidentBook
from server.metrics import Metrics
from server.tracing import evidence_links


@dataclass(frozen=True, slots=True)
class Judge:
    """Works in the thread of the pipeline."""

    engine: Engine
    book: IncidentBook
    metrics: Metrics
    tracer: Tracer

    def judge(self, bucket: Summary) -> None:
        """One trace a window: detection, and for every incident it changes ranking, recall and storing."""
        with self.tracer.start_as_current_span("analyze window") as span:
            with self._stage("detect"):
                judgement = self.engine.judge(bucket)
            self.metrics.windows.inc()
            for anomaly in judgement.anomalies:
                self.metrics.anomalies.labels(anomaly.detector).inc()
            _describe(span, judgement)
            for incident in judgement.changed:
                self._tell(incident, judgement)

    def _tell(self, incident: Incident, judgement: Judgement) -> None:
        """Save, diagnose, compare with the past, save again."""
        fresh = incident.seen_unix_nano == judgement.window.end_unix_nano
        with self.tracer.start_as_current_span(
            "analyze incident", attributes={"hypocenter.incident.id": incident.incident_id}
        ):
            if incident.revision == 1 or not fresh:
                with self._stage("store"):
                    self.book.record(incident)
            if not fresh:
                return
            with self._stage("rank"):
                known = self.book.diagnose(incident)
            with self._stage("recall"):
                known = self.book.recall(known)
            with self._stage("store"):
                self.book.record(known)
            if incident.revision == 1:
                self.metrics.incidents.labels(known.severity.name.lower()).inc()

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """A span and a duration for one stage of the flow."""
        started = time.perf_counter()
        with self.tracer.start_as_current_span(name):
            yield
        self.metrics.analysis.labels(name).observe(time.perf_counter() - started)


def _describe(span: Span, judgement: Judgement) -> None:
    for link in evidence_links(trace for item in judgement.anomalies for trace in item.trace_ids):
        span.add_link(link.context)
    span.set_attributes(
        {
            "hypocenter.window.start_unix_nano": judgement.window.start_unix_nano,
            "hypocenter.window.end_unix_nano": judgement.window.end_unix_nano,
            "hypocenter.window.services": len(judgement.window.services),
            "hypocenter.window.anomalies": len(judgement.anomalies),
        }
    )
