"""The whole flow: a delivery becomes columns, templates, windows, anomalies, incidents, a diagnosis, a memory."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.trace import Span, Tracer

from analyzers.columns import LogBatch, SpanBatch, TimeFaults
from analyzers.otlp import DecodeLimits, decode_logs, decode_spans
from analyzers.summary import Summary
from analyzers.templates import TemplateMiner
from rca.incident import Incident
from server.checkpointer import Checkpointer
from server.delivery import Delivery, delivery_of
from server.duplicates import SeenBatches
from server.engine import Engine, Judgement
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.journal import START, Frame, FrameKind, Position
from server.ledger import Ledger
from server.metrics import Metrics
from server.tracing import evidence_links

_log = logging.getLogger(__name__)
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class PipelineParts:
    engine: Engine
    book: IncidentBook
    ledger: Ledger
    metrics: Metrics
    tracer: Tracer
    miner: TemplateMiner
    limits: DecodeLimits
    seen: SeenBatches
    checkpointer: Checkpointer
    # Wall-clock seconds without a delivery after which open windows close anyway.
    idle: float


class Pipeline:
    """Takes deliveries from the inbox in order, one at a time, in a thread of its own."""

    def __init__(self, inbox: Inbox, parts: PipelineParts) -> None:
        self._inbox = inbox
        self._parts = parts
        self._stopping = threading.Event()
        # Up to where in the journal everything is counted.
        self._position = START
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Work off what was acknowledged, then end; False when that took longer than `timeout` seconds."""
        self._stopping.set()
        self._inbox.wake()
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._parts.checkpointer.save(self._position)
        return True

    def _run(self) -> None:
        last, idled = time.monotonic(), True
        while True:
            delivery = self._inbox.take(_POLL)
            if delivery is not None:
                self._supervised(delivery)
                last, idled = time.monotonic(), False
            elif self._stopping.is_set():
                if not self._inbox.pending_requests:
                    return
            elif not idled and time.monotonic() - last >= self._parts.idle:
                idled = self._fall_idle()
            self._parts.checkpointer.tick(self._position)

    def _supervised(self, delivery: Delivery) -> None:
        """One delivery that can't be handled must not take the others down; it is accounted for all the same."""
        try:
            self._count(delivery)
        except Exception:  # noqa: BLE001 - the supervision point of the pipeline
            _log.exception("a delivery of %d records could not be handled", delivery.records)
            self._parts.metrics.failures.inc()
            dropped = {"failed": delivery.records}
            self._parts.ledger.settle(delivery.signal, delivery.records, rejected=delivery.rejected, dropped=dropped)
        finally:
            self._inbox.done(delivery)
        self._judge_supervised(everything=False)
        self._position = delivery.position

    def _fall_idle(self) -> bool:
        """Close open windows because nothing came for a while; False when something did after all."""
        position = self._inbox.mark_idle(time.time_ns())
        if position is None:
            return False
        self._judge_supervised(everything=True)
        self._position = position
        return True

    def _judge_supervised(self, everything: bool) -> None:
        """A window that can't be judged must not take the later ones down; its records are counted already."""
        for bucket in self._parts.engine.close_ready(everything):
            try:
                self._judge(bucket)
            except Exception:  # noqa: BLE001 - as above
                _log.exception("the window until %d could not be judged", bucket.end_unix_nano)
                self._parts.metrics.failures.inc()

    def replay(self, frames: Iterable[tuple[Frame, Position]], start: Position) -> int:
        """Before `start()`: take what was acknowledged after the last checkpoint. Returns the number of records."""
        self._position = start
        records = 0
        for frame, position in frames:
            if frame.kind is FrameKind.IDLE:
                self._judge_supervised(everything=True)
                self._position = position
                continue
            delivery = delivery_of(frame, position)
            self._parts.ledger.receive(delivery.signal, delivery.records, delivery.rejected)
            self._supervised(delivery)
            records += delivery.records
        self._parts.checkpointer.tick(self._position)
        return records

    def take(self, delivery: Delivery) -> None:
        """Count one delivery and judge every window it completes. Unsupervised: what goes wrong is raised."""
        self._count(delivery)
        for bucket in self._parts.engine.close_ready():
            self._judge(bucket)

    def finish(self) -> None:
        """Judge every window that was begun, because nothing more comes. Unsupervised, as `take`."""
        for bucket in self._parts.engine.close_ready(everything=True):
            self._judge(bucket)

    def _count(self, delivery: Delivery) -> None:
        """Into columns, templates and windows, unless it came before."""
        parts = self._parts
        batch: LogBatch | SpanBatch
        if isinstance(delivery.request, ExportLogsServiceRequest):
            groups = delivery.request.resource_logs
            batch = decode_logs(groups, delivery.received_unix_nano, parts.limits, delivery.attributes)
        else:
            batch = decode_spans(delivery.request.resource_spans, delivery.received_unix_nano, parts.limits)
        # Records without a time of their own may be equal and still be two.
        timeless = batch.faults.missing + batch.faults.absurd > 0
        if parts.seen.seen(delivery.digest, delivery.received_unix_nano) and not timeless:
            parts.ledger.settle(
                delivery.signal, delivery.records, rejected=delivery.rejected, duplicate=delivery.records
            )
            return
        self._note(batch)
        if isinstance(batch, LogBatch):
            late = parts.engine.add_logs(batch, parts.miner.mine(batch))
            counted = int(batch.weight.sum())
        else:
            late = parts.engine.add_spans(batch)
            counted = len(batch)
        parts.ledger.settle(
            delivery.signal,
            delivery.records,
            rejected=delivery.rejected,
            counted=counted,
            late=late,
            dropped={"own_telemetry": batch.own},
        )

    def _note(self, batch: LogBatch | SpanBatch) -> None:
        faults: TimeFaults = batch.faults
        for name, number in (("missing", faults.missing), ("absurd", faults.absurd), ("future", faults.future)):
            if number:
                self._parts.metrics.times.labels(name).inc(number)
        unnamed = sum(resource.unnamed for resource in batch.resources)
        if unnamed:
            self._parts.metrics.unnamed.inc(unnamed)
        if isinstance(batch, LogBatch):
            self._parts.metrics.truncated.inc(batch.truncated)

    def _judge(self, bucket: Summary) -> None:
        """One trace a window: detection, and for every incident it changes ranking, recall and storing."""
        parts = self._parts
        with parts.tracer.start_as_current_span("analyze window") as span:
            with self._stage("detect"):
                judgement = parts.engine.judge(bucket)
            parts.metrics.windows.inc()
            for anomaly in judgement.anomalies:
                parts.metrics.anomalies.labels(anomaly.detector).inc()
            _describe(span, judgement)
            for incident in judgement.changed:
                self._tell(incident, judgement)

    def _tell(self, incident: Incident, judgement: Judgement) -> None:
        """Save, diagnose, compare with the past, save again."""
        parts = self._parts
        fresh = incident.seen_unix_nano == judgement.window.end_unix_nano
        with parts.tracer.start_as_current_span(
            "analyze incident", attributes={"hypocenter.incident.id": incident.incident_id}
        ):
            if incident.revision == 1 or not fresh:
                with self._stage("store"):
                    parts.book.record(incident)
            if not fresh:
                return
            with self._stage("rank"):
                known = parts.book.diagnose(incident)
            with self._stage("recall"):
                known = parts.book.recall(known)
            with self._stage("store"):
                parts.book.record(known)
            if incident.revision == 1:
                parts.metrics.incidents.labels(known.severity.name.lower()).inc()

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """A span and a duration for one stage of the flow."""
        started = time.perf_counter()
        with self._parts.tracer.start_as_current_span(name):
            yield
        self._parts.metrics.analysis.labels(name).observe(time.perf_counter() - started)


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
