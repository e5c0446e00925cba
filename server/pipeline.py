"""The whole flow: a delivery becomes columns, templates, windows, anomalies, incidents, a diagnosis, a memory."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from opentelemetry.trace import Tracer

from analyzers.otlp import DecodeLimits
from analyzers.summary import Summary
from analyzers.templates import TemplateMiner
from server.checkpointer import Checkpointer
from server.decoder import Decoded, Decoder
from server.delivery import Delivery, delivery_of
from server.duplicates import SeenBatches
from server.engine import Engine
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.journal import START, Frame, FrameKind, Position
from server.judging import Judge
from server.ledger import Ledger, Signal
from server.metrics import Metrics

_log = logging.getLogger(__name__)
_POLL = 0.2
# Bytes of requests that are decoded together while more than one waits: the more the cheaper, the fewer the sooner
# done.
_MOST_BYTES = 2 * 2**20
# Seconds that a delivery waits for others to be decoded with: decoding one costs as much as seven hundred records more.
# Nobody waits for it: what is counted is looked at by the bucket, which lasts seconds.
_PATIENCE = 0.03


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


@dataclass(slots=True)
class _Outcome:
    """What became of the records of one signal."""

    counted: int = 0
    duplicate: int = 0
    late: int = 0
    own: int = 0
    failed: int = 0


class Pipeline:
    """Takes deliveries from the inbox in order, as many together as wait, in a thread of its own."""

    def __init__(self, inbox: Inbox, parts: PipelineParts) -> None:
        self._inbox = inbox
        self._parts = parts
        self._decoder = Decoder(parts.miner, parts.limits)
        self._judge = Judge(parts.engine, parts.book, parts.metrics, parts.tracer)
        self._stopping = threading.Event()
        # The last thing that went wrong, for those who want it raised.
        self._failure: Exception | None = None
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
            deliveries = self._inbox.take(_POLL, _MOST_BYTES, 0.0 if self._stopping.is_set() else _PATIENCE)
            if deliveries:
                self._handle(deliveries)
                self._inbox.done(deliveries)
                last, idled = time.monotonic(), False
            elif self._stopping.is_set():
                if not self._inbox.pending_requests:
                    return
            elif not idled and time.monotonic() - last >= self._parts.idle and not self._expects_more():
                idled = self._fall_idle()
            self._parts.checkpointer.tick(self._position)

    def _handle(self, deliveries: Sequence[Delivery]) -> None:
        """Count them and judge every window they complete. One that can't be handled must not take the others down; it
        is accounted for all the same."""
        for decoded in self._decode([delivery for delivery in deliveries if not self._repeated(delivery)]):
            self._note(decoded)
            self._settle(decoded.deliveries, self._count(decoded))
        self._position = deliveries[-1].position

    def _repeated(self, delivery: Delivery) -> bool:
        """Whether it came before; what it holds is settled then."""
        if not self._parts.seen.seen(delivery.digest, delivery.received_unix_nano):
            return False
        for decoded in self._decode([delivery]):
            # Records without a time of their own may be equal and still be two.
            if decoded.faults.missing or decoded.faults.absurd:
                return False
            self._settle([delivery], {delivery.signal: _Outcome(duplicate=delivery.records)})
        return True

    def _decode(self, deliveries: Sequence[Delivery]) -> Iterator[Decoded]:
        """All together, or one by one where that fails; what can't be decoded is settled as such."""
        if not deliveries:
            return
        try:
            decoded = self._decoder.decode(deliveries)
        except Exception as error:  # noqa: BLE001 - the supervision point of the pipeline
            if len(deliveries) > 1:
                for delivery in deliveries:
                    yield from self._decode([delivery])
                return
            records = deliveries[0].records
            self._fail(error, "a delivery of %d records could not be handled", records)
            self._settle(deliveries, {deliveries[0].signal: _Outcome(failed=records)})
        else:
            yield decoded

    def _count(self, decoded: Decoded) -> dict[Signal, "_Outcome"]:
        """Into windows, each judged as soon as it is complete, as if one delivery came after the other."""
        engine = self._parts.engine
        outcomes = {Signal.LOGS: _Outcome(own=decoded.logs.own), Signal.TRACES: _Outcome(own=decoded.spans.own)}
        cuts = engine.cuts(decoded.arrivals)
        for cut, (logs, mined, spans) in zip(cuts, decoded.until([cut.end for cut in cuts]), strict=True):
            additions = (
                (Signal.LOGS, int(logs.weight.sum()), partial(engine.add_logs, logs, mined)),
                (Signal.TRACES, len(spans), partial(engine.add_spans, spans)),
            )
            for signal, records, add in additions:
                try:
                    outcomes[signal].late += add()
                    outcomes[signal].counted += records
                except Exception as error:  # noqa: BLE001 - as above
                    self._fail(error, "%d records could not be counted", records)
                    outcomes[signal].failed += records
            self._judge_each(engine.close_ready(cut.complete_unix_nano))
        return outcomes

    def _settle(self, deliveries: Sequence[Delivery], outcomes: Mapping[Signal, "_Outcome"]) -> None:
        for signal, outcome in outcomes.items():
            mine = [delivery for delivery in deliveries if delivery.signal is signal]
            self._parts.ledger.settle(
                signal,
                sum(delivery.records for delivery in mine),
                rejected=sum(delivery.rejected for delivery in mine),
                counted=outcome.counted,
                duplicate=outcome.duplicate,
                late=outcome.late,
                dropped={"own_telemetry": outcome.own, "failed": outcome.failed},
            )

    def _fail(self, error: Exception, message: str, number: int) -> None:
        _log.error(message, number, exc_info=error)
        self._parts.metrics.failures.inc()
        self._failure = error

    def _expects_more(self) -> bool:
        return self._parts.engine.expects_more(time.time_ns())

    def _fall_idle(self) -> bool:
        """Close open windows because nothing came for a while; False when something did after all."""
        position = self._inbox.mark_idle(time.time_ns())
        if position is None:
            return False
        self._judge_each(self._parts.engine.close_all())
        self._position = position
        return True

    def _judge_each(self, buckets: Iterable[Summary]) -> None:
        """A window that can't be judged must not take the later ones down; its records are counted already."""
        for bucket in buckets:
            try:
                self._judge.judge(bucket)
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(error, "the window until %d could not be judged", bucket.end_unix_nano)

    def replay(self, frames: Iterable[tuple[Frame, Position]], start: Position) -> int:
        """Before `start()`: take what was acknowledged after the last checkpoint. Returns the number of records."""
        self._position = start
        records = held = 0
        waiting: list[Delivery] = []
        for frame, position in frames:
            idle = frame.kind is FrameKind.IDLE
            if not idle:
                waiting.append(delivery_of(frame, position))
                held += waiting[-1].size
            if idle or held >= _MOST_BYTES:
                records += self._replay(waiting)
                waiting, held = [], 0
            if idle:
                self._judge_each(self._parts.engine.close_all())
                self._position = position
        records += self._replay(waiting)
        self._parts.checkpointer.tick(self._position)
        return records

    def _replay(self, deliveries: Sequence[Delivery]) -> int:
        for delivery in deliveries:
            self._parts.ledger.receive(delivery.signal, delivery.records, delivery.rejected)
        if deliveries:
            self._handle(deliveries)
        return sum(delivery.records for delivery in deliveries)

    def take(self, delivery: Delivery) -> None:
        """Count one delivery and judge every window it completes. Unsupervised: what goes wrong is raised."""
        self._failure = None
        self._handle([delivery])
        if self._failure is not None:
            raise self._failure

    def finish(self) -> None:
        """Judge every window that was begun, because nothing more comes. Unsupervised, as `take`."""
        self._failure = None
        self._judge_each(self._parts.engine.close_all())
        if self._failure is not None:
            raise self._failure

    def _note(self, decoded: Decoded) -> None:
        metrics, faults = self._parts.metrics, decoded.faults
        for name, number in (("missing", faults.missing), ("absurd", faults.absurd), ("future", faults.future)):
            if number:
                metrics.times.labels(name).inc(number)
        unnamed = sum(resource.unnamed for batch in (decoded.logs, decoded.spans) for resource in batch.resources)
        if unnamed:
            metrics.unnamed.inc(unnamed)
        metrics.truncated.inc(decoded.logs.truncated)
