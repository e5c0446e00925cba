"""Spans into operations and edges: what a span spent itself, where an error began, what lies between two halves.

Spans are joined in event-time order (their end), so the result is a function of the set of spans, not of the order in
which they came. A child ends before its parent; what a parent spent itself is therefore known when the parent comes.
Only asynchronous children end later: they join with a parent that has been seen already.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.columns import Peer, SpanBatch
from analyzers.exemplar import KEPT, SpanExemplar, keep_spans
from analyzers.places import Place, Places
from analyzers.service import Resource, ServiceKey
from analyzers.summary import OperationStats, Summary

_ENTRY_KINDS = frozenset({Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER})
_PRODUCER, _CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER
OTHER_OPERATION = "<other>"


class SpanRow(NamedTuple):
    """One span. A tuple, since there is one for every span: a frozen dataclass takes several times as long to make."""

    end: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start: int
    name: str
    kind: int
    error: bool
    resource: Resource
    peer: Peer | None

    @property
    def service(self) -> ServiceKey:
        return self.resource.service

    @property
    def duration(self) -> int:
        return self.end - self.start


# Event-time order: by end, then ids; all but the last two fields, which know no order.
_event_order = itemgetter(slice(0, 8))


def span_rows(batch: SpanBatch) -> list[SpanRow]:
    """The batch as rows, in the order sent."""
    resources, peer = batch.resources, batch.peer
    columns = zip(
        batch.end_unix_nano.tolist(),
        batch.trace_id,
        batch.span_id,
        batch.parent_span_id,
        batch.start_unix_nano.tolist(),
        batch.name,
        batch.kind.tolist(),
        batch.error,
        [resources[index] for index in batch.resource.tolist()],
        [peer.get(row) for row in range(len(batch))],
        strict=True,
    )
    return list(map(SpanRow._make, columns))


@dataclass(frozen=True, slots=True)
class AssemblyLimits:
    """Bounds on what waits for its other half."""

    # Spans remembered; the older generation is dropped when more come.
    open_spans: int = 400_000
    # How long a half waits for the other, in nanoseconds of event time.
    wait: int = 60_000_000_000
    # Operations of one service in one bucket; what is more is counted under "<other>".
    operations: int = 500


SpanId = tuple[bytes, bytes]


@dataclass(slots=True)
class Generation:
    """Spans that came within one stretch of waiting, from `since` on."""

    since: int = 0
    # Parent id to children that came before it.
    waiting: dict[SpanId, list[SpanRow]] = field(default_factory=dict)
    # Spans already seen, for asynchronous children that come after.
    seen: dict[SpanId, SpanRow] = field(default_factory=dict)


@dataclass(slots=True)
class AssemblerState:
    """All an assembler remembers."""

    young: Generation = field(default_factory=Generation)
    old: Generation = field(default_factory=Generation)
    evicted: int = 0


class TraceAssembler:
    """Joins the halves of calls. Memory is two generations of spans, bounded by time and by number."""

    def __init__(self, limits: AssemblyLimits | None = None) -> None:
        self._limits = limits or AssemblyLimits()
        self._young = Generation()
        self._old = Generation()
        # Halves dropped because the limit was reached before their time was up.
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._young.seen) + len(self._old.seen)

    def state(self) -> AssemblerState:
        """What it remembers; not a copy."""
        return AssemblerState(self._young, self._old, self.evicted)

    def restore(self, state: AssemblerState) -> None:
        self._young, self._old, self.evicted = state.young, state.old, state.evicted

    def assemble(self, spans: Iterable[SpanRow], summary: Summary) -> None:
        """Add `spans`, which all belong to the bucket of `summary`, in event-time order."""
        places = Places(summary)
        for span in sorted(spans, key=_event_order):
            self._turn(span.end)
            self._join(span, places)

    def _turn(self, now: int) -> None:
        full = len(self._young.seen) >= self._limits.open_spans // 2
        if full or now >= self._young.since + self._limits.wait:
            if full and now < self._young.since + self._limits.wait:
                self.evicted += len(self._old.seen)
            self._old, self._young = self._young, Generation(now)

    def _join(self, span: SpanRow, places: Places) -> None:
        young, old = self._young, self._old
        children: list[SpanRow] = []
        parent: SpanRow | None = None
        # Without an id a span can't be joined, and another one without is no duplicate of it.
        if span.span_id.strip(b"\0"):
            own_id = (span.trace_id, span.span_id)
            if own_id in young.seen or own_id in old.seen:
                return
            children = young.waiting.pop(own_id, []) + old.waiting.pop(own_id, [])
            young.seen[own_id] = span
            if span.parent_id:
                parent_id = (span.trace_id, span.parent_id)
                parent = young.seen.get(parent_id) or old.seen.get(parent_id)
                if parent is None:
                    young.waiting.setdefault(parent_id, []).append(span)
        place = places.of(span.resource)
        beside = [(child, places.of(child.resource)) for child in children]
        operation = self._count(span, place, beside, places)
        if not span.parent_id or span.kind in _ENTRY_KINDS:
            operation.entries += 1
        for child, where in beside:
            if where is not place:
                _call(span, place, child, where, places)
        if parent is not None and (caller := places.of(parent.resource)) is not place:
            _call(parent, caller, span, place, places)
        if span.peer is not None and all(where is place for _, where in beside):
            edge = places.inferred_edge(place, span.peer)
            edge.calls += 1
            edge.errors += span.error
            edge.duration.add(span.end - span.start)
            edge.slowest = _slowest(edge.slowest, span)

    def _count(
        self, span: SpanRow, place: Place, children: list[tuple[SpanRow, Place]], places: Places
    ) -> OperationStats:
        service = places.counts(place)
        service.spans += 1
        resource = span.resource
        if resource.version:
            service.versions[resource.version] = service.versions.get(resource.version, 0) + 1
        name = span.name
        if name not in service.operations and len(service.operations) >= self._limits.operations:
            name = OTHER_OPERATION
        operation = service.operations.get(name)
        if operation is None:
            operation = service.operations[name] = OperationStats()
        duration = span.end - span.start
        operation.calls += 1
        operation.duration.add(duration)
        if pod := resource.pod:
            operation.pods[pod] = operation.pods.get(pod, 0) + 1
            service.pods[pod] = service.pods.get(pod, 0) + 1
        if len(children) == 1 and children[0][1] is not place:
            # All that is not the callee's time lies between the two: it belongs to the edge.
            child, where = children[0]
            edge = places.edge(place, where, _asynchronous(span, child))
            edge.gap.add(max(duration - (child.end - child.start), 1))
        else:
            operation.self_time.add(duration - _covered(span, children) if children else duration)
        operation.slowest = _slowest(operation.slowest, span)
        if span.error:
            operation.errors += 1
            if not any(child.error for child, _ in children):
                operation.origin_errors += 1
                operation.failed = _slowest(operation.failed, span)
        return operation


def _call(parent: SpanRow, caller: Place, child: SpanRow, callee: Place, places: Places) -> None:
    edge = places.edge(caller, callee, _asynchronous(parent, child))
    edge.calls += 1
    edge.errors += child.error
    edge.duration.add(child.end - child.start)
    edge.slowest = _slowest(edge.slowest, parent)
    if child.kind not in _ENTRY_KINDS:
        # Without a kind, being called from elsewhere is what makes a span a unit of work.
        operations = places.counts(callee).operations
        name = child.name if child.name in operations else OTHER_OPERATION
        operations.setdefault(name, OperationStats()).entries += 1


def _asynchronous(parent: SpanRow, child: SpanRow) -> bool:
    return parent.kind == _PRODUCER or child.kind == _CONSUMER or child.start >= parent.end > 0


def _covered(span: SpanRow, children: list[tuple[SpanRow, Place]]) -> int:
    """Nanoseconds of `span` during which at least one child ran."""
    covered, reached = 0, span.start
    for start, ended in sorted((child.start, child.end) for child, _ in children):
        begin, end = max(start, reached), min(ended, span.end)
        if end > begin:
            covered += end - begin
            reached = end
    return covered


def _slowest(kept: tuple[SpanExemplar, ...], span: SpanRow) -> tuple[SpanExemplar, ...]:
    """With `span` among them, unless it is faster than enough that are kept already."""
    negative = span.start - span.end
    if len(kept) >= KEPT and negative > kept[-1].negative_duration:
        return kept
    return keep_spans(kept, (SpanExemplar(negative, span.end, span.trace_id, span.span_id, span.resource.pod),))
