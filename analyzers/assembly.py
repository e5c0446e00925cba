"""Spans into operations and edges: what a span spent itself, where an error began, what lies between two halves.

Spans are joined in event-time order (their end), so the result is a function of the set of spans, not of the order in
which they came. A child ends before its parent; what a parent spent itself is therefore known when the parent comes.
Only asynchronous children end later: they join with a parent that has been seen already.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.columns import Peer, SpanBatch
from analyzers.exemplar import SpanExemplar, keep_spans
from analyzers.service import Resource, ServiceKey
from analyzers.summary import EdgeKey, OperationStats, Summary

_ENTRY_KINDS = (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER)
_EDGE_KINDS = (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER)
OTHER_OPERATION = "<other>"


@dataclass(frozen=True, slots=True, order=True)
class SpanRow:
    """One span, ordered by end time, then ids."""

    end: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start: int
    name: str
    kind: int
    error: bool
    resource: Resource = field(compare=False)
    peer: Peer | None = field(compare=False)

    @property
    def service(self) -> ServiceKey:
        return self.resource.service

    @property
    def duration(self) -> int:
        return self.end - self.start


def span_rows(batch: SpanBatch) -> list[SpanRow]:
    """The batch as rows, in the order sent."""
    return [
        SpanRow(
            end, trace_id, span_id, parent_id, start, name, kind, error, batch.resources[resource], batch.peer.get(row)
        )
        for row, (end, trace_id, span_id, parent_id, start, name, kind, error, resource) in enumerate(
            zip(
                batch.end_unix_nano.tolist(),
                batch.trace_id,
                batch.span_id,
                batch.parent_span_id,
                batch.start_unix_nano.tolist(),
                batch.name,
                batch.kind.tolist(),
                batch.error,
                batch.resource.tolist(),
                strict=True,
            )
        )
    ]


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
        for span in sorted(spans):
            self._turn(span.end)
            self._join(span, summary)

    def _turn(self, now: int) -> None:
        full = len(self._young.seen) >= self._limits.open_spans // 2
        if full or now >= self._young.since + self._limits.wait:
            if full and now < self._young.since + self._limits.wait:
                self.evicted += len(self._old.seen)
            self._old, self._young = self._young, Generation(now)

    def _join(self, span: SpanRow, summary: Summary) -> None:
        own_id = (span.trace_id, span.span_id)
        children: list[SpanRow] = []
        parent: SpanRow | None = None
        # Without an id a span can't be joined, and another one without is no duplicate of it.
        identified = bool(span.span_id.strip(b"\0"))
        if identified:
            if own_id in self._young.seen or own_id in self._old.seen:
                return
            children = self._young.waiting.pop(own_id, []) + self._old.waiting.pop(own_id, [])
            self._young.seen[own_id] = span
        if identified and span.parent_id:
            parent_id = (span.trace_id, span.parent_id)
            parent = self._young.seen.get(parent_id) or self._old.seen.get(parent_id)
            if parent is None:
                self._young.waiting.setdefault(parent_id, []).append(span)
        operation = self._count(span, children, summary)
        if not span.parent_id or span.kind in _ENTRY_KINDS:
            operation.entries += 1
        for child in children:
            self._edge(span, child, summary)
        if parent is not None:
            self._edge(parent, span, summary)
        if span.peer is not None and not any(child.service != span.service for child in children):
            edge = summary.edge(EdgeKey(span.service, span.peer.service, span.peer.asynchronous, inferred=True))
            edge.calls += 1
            edge.errors += span.error
            edge.duration.add(span.duration)
            edge.slowest = keep_spans(edge.slowest, (_exemplar(span),))

    def _count(self, span: SpanRow, children: list[SpanRow], summary: Summary) -> OperationStats:
        service = summary.service(span.service)
        service.spans += 1
        if span.resource.version:
            service.versions[span.resource.version] = service.versions.get(span.resource.version, 0) + 1
        name = span.name
        if name not in service.operations and len(service.operations) >= self._limits.operations:
            name = OTHER_OPERATION
        operation = service.operations.get(name)
        if operation is None:
            operation = service.operations[name] = OperationStats()
        operation.calls += 1
        operation.duration.add(span.duration)
        pod = span.resource.pod
        if pod:
            operation.pods[pod] = operation.pods.get(pod, 0) + 1
            service.pods[pod] = service.pods.get(pod, 0) + 1
        remote = [child for child in children if child.service != span.service]
        if len(children) == 1 and remote:
            # All that is not the callee's time lies between the two: it belongs to the edge.
            key = EdgeKey(span.service, remote[0].service, _asynchronous(span, remote[0]))
            summary.edge(key).gap.add(max(span.duration - remote[0].duration, 1))
        else:
            operation.self_time.add(span.duration - _covered(span, children))
        exemplar = (_exemplar(span),)
        operation.slowest = keep_spans(operation.slowest, exemplar)
        if span.error:
            operation.errors += 1
            if not any(child.error for child in children):
                operation.origin_errors += 1
                operation.failed = keep_spans(operation.failed, exemplar)
        return operation

    def _edge(self, parent: SpanRow, child: SpanRow, summary: Summary) -> None:
        if parent.service == child.service:
            return
        edge = summary.edge(EdgeKey(parent.service, child.service, _asynchronous(parent, child)))
        edge.calls += 1
        edge.errors += child.error
        edge.duration.add(child.duration)
        edge.slowest = keep_spans(edge.slowest, (_exemplar(parent),))
        if child.kind not in _ENTRY_KINDS:
            # Without a kind, being called from elsewhere is what makes a span a unit of work.
            name = child.name if child.name in summary.service(child.service).operations else OTHER_OPERATION
            summary.service(child.service).operations.setdefault(name, OperationStats()).entries += 1


def _asynchronous(parent: SpanRow, child: SpanRow) -> bool:
    return (
        parent.kind == Span.SPAN_KIND_PRODUCER or child.kind == Span.SPAN_KIND_CONSUMER or child.start >= parent.end > 0
    )


def _covered(span: SpanRow, children: list[SpanRow]) -> int:
    """Nanoseconds of `span` during which at least one child ran."""
    covered, reached = 0, span.start
    for child in sorted(children, key=lambda item: item.start):
        begin, end = max(child.start, reached), min(child.end, span.end)
        if end > begin:
            covered += end - begin
            reached = end
    return covered


def _exemplar(span: SpanRow) -> SpanExemplar:
    return SpanExemplar(-span.duration, span.end, span.trace_id, span.span_id, span.resource.pod)
