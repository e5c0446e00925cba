"""Spans into operations and edges, one by one: slow, and simple enough to be believed. The oracle of the assembler that
does it in columns.

Spans are joined in event-time order (their end), so the result is a function of the set of spans, not of the order in
which they came. A child ends before its parent; what a parent spent itself is therefore known when the parent comes.
Only asynchronous children end later: they join with a parent that has been seen already.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.assembly import OTHER_OPERATION, AssemblyLimits
from analyzers.columns import Peer, SpanBatch, id_bytes
from analyzers.exemplar import SpanExemplar, keep_spans
from analyzers.service import Resource, ServiceKey
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, ServiceSummary, Summary

_CLIENT = Span.SPAN_KIND_CLIENT
_ENTRY_KINDS = frozenset({Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER})
_PRODUCER, _CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER


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
    resources, peers = batch.resources, (*batch.peers, None)
    columns = zip(
        batch.end_unix_nano.tolist(),
        [id_bytes(*words) for words in batch.trace_id.tolist()],
        [id_bytes(word) for word in batch.span_id.tolist()],
        [id_bytes(word) for word in batch.parent_span_id.tolist()],
        batch.start_unix_nano.tolist(),
        [batch.names[code] for code in batch.name.tolist()],
        batch.kind.tolist(),
        batch.error.tolist(),
        [resources[index] for index in batch.resource.tolist()],
        [peers[code] for code in batch.peer.tolist()],
        strict=True,
    )
    return list(map(SpanRow._make, columns))


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
class Link:
    """Whom a span belongs to: children that came before it, those that end with it and came behind it, its parent."""

    children: list[SpanRow] = field(default_factory=list)
    behind: list[SpanRow] = field(default_factory=list)
    parent: SpanRow | None = None


@dataclass(slots=True, eq=False)
class Place:
    """One service of the summary; the same object for all resources of that service."""

    service: ServiceKey
    # None until something is counted there: to be asked about makes no service appear.
    counts: ServiceSummary | None = None


class Places:
    """For one summary and one run of spans. Holds on to what it was asked for, so that identities stay unique."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._of_service: dict[ServiceKey, Place] = {}
        self._of_resource: dict[int, tuple[Resource, Place]] = {}
        self._edges: dict[tuple[int, int, bool], EdgeStats] = {}
        self._inferred: dict[tuple[int, int, bool], tuple[Peer, EdgeStats]] = {}
        # By edge, and by how the callee is named: how many calls each trace made.
        self._traces: dict[tuple[int, Peer | None], tuple[EdgeStats, Counter[bytes]]] = {}
        # By address: who answered how many calls.
        self.answered: dict[ServiceKey, dict[ServiceKey, int]] = {}

    def of(self, resource: Resource) -> Place:
        known = self._of_resource.get(id(resource))
        if known is None:
            place = self._of_service.setdefault(resource.service, Place(resource.service))
            known = self._of_resource[id(resource)] = (resource, place)
        return known[1]

    def counts(self, place: Place) -> ServiceSummary:
        """Of that service in the summary, where it appears by this."""
        if place.counts is None:
            place.counts = self._summary.service(place.service)
        return place.counts

    def trace(self, edge: EdgeStats, trace_id: bytes, peer: Peer | None = None) -> None:
        self._traces.setdefault((id(edge), peer), (edge, Counter()))[1][trace_id] += 1

    def finish(self) -> None:
        for edge, traces in self._traces.values():
            trace_id, calls = min(traces.items(), key=lambda item: (-item[1], _words(item[0])))
            if calls > 1:
                edge.add_trace(calls, trace_id)

    def edge(self, client: Place, server: Place, asynchronous: bool) -> EdgeStats:
        key = (id(client), id(server), asynchronous)
        edge = self._edges.get(key)
        if edge is None:
            edge = self._edges[key] = self._summary.edge(EdgeKey(client.service, server.service, asynchronous))
        return edge

    def answer(self, caller: SpanRow, callee: SpanRow) -> None:
        if caller.peer is not None and caller.kind != _CONSUMER and not _asynchronous(caller, callee):
            by = self.answered.setdefault(caller.peer.service, {})
            by[callee.service] = by.get(callee.service, 0) + 1

    def inferred_edge(self, place: Place, peer: Peer, taking: bool) -> EdgeStats:
        """To a service of which only the name is known, or from a queue."""
        key = (id(place), id(peer), taking)
        known = self._inferred.get(key)
        if known is None:
            edge = EdgeKey(place.service, peer.service, peer.asynchronous, inferred=True)
            if taking:
                edge = EdgeKey(peer.service, place.service, asynchronous=True, inferred=True, consumed=True)
            known = self._inferred[key] = (peer, self._summary.edge(edge))
        return known[1]


class RowAssembler:
    """Joins the halves of calls. Memory is two generations of spans, bounded by time and by number."""

    def __init__(self, limits: AssemblyLimits | None = None) -> None:
        self._limits = limits or AssemblyLimits()
        self._young = Generation()
        self._old = Generation()
        # Halves dropped because the limit was reached before their time was up.
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._young.seen) + len(self._old.seen)

    def assemble(self, spans: Iterable[SpanRow], summary: Summary) -> dict[ServiceKey, dict[ServiceKey, int]]:
        """Add `spans`, which all belong to the bucket of `summary`, in event-time order. Returns how many calls of
        each address each service answered."""
        places = Places(summary)
        ordered = sorted(spans, key=_event_order)
        links: dict[int, Link] = {}
        for span in ordered:
            self._turn(span.end)
            link = self._link(span)
            if link is None:
                continue
            links[id(span)] = link
            parent = link.parent
            if parent is not None and parent is not span and id(parent) in links and _ended_with(parent, span):
                links[id(parent)].behind.append(span)
        for span in ordered:
            if id(span) in links:
                link = links[id(span)]
                self._join(span, link, id(link.parent) in links, places)
        places.finish()
        return places.answered

    def _turn(self, now: int) -> None:
        full = len(self._young.seen) >= self._limits.open_spans // 2
        if full or now >= self._young.since + self._limits.wait:
            if full and now < self._young.since + self._limits.wait:
                self.evicted += len(self._old.seen)
            self._old, self._young = self._young, Generation(now)

    def _link(self, span: SpanRow) -> "Link | None":
        """None for one that was there before."""
        young, old = self._young, self._old
        link = Link()
        # Without an id a span can't be joined, and another one without is no duplicate of it.
        if span.span_id.strip(b"\0"):
            own_id = (span.trace_id, span.span_id)
            if own_id in young.seen or own_id in old.seen:
                return None
            link.children = young.waiting.pop(own_id, []) + old.waiting.pop(own_id, [])
            young.seen[own_id] = span
            if span.parent_id:
                parent_id = (span.trace_id, span.parent_id)
                link.parent = young.seen.get(parent_id) or old.seen.get(parent_id)
                if link.parent is None:
                    young.waiting.setdefault(parent_id, []).append(span)
        return link

    def _join(self, span: SpanRow, link: "Link", parent_here: bool, places: Places) -> None:
        """`parent_here`: its parent, if that came before it, is of this bucket too."""
        parent = link.parent
        place = places.of(span.resource)
        beside = [(child, places.of(child.resource)) for child in link.children]
        behind = [(child, places.of(child.resource)) for child in link.behind]
        operation = self._count(span, place, [*beside, *behind], places)
        if not span.parent_id or span.kind in _ENTRY_KINDS:
            operation.entries += 1
        for child, where in beside:
            if where is not place:
                _call(span, place, child, where, places)
                places.answer(span, child)
        if parent is not None and (caller := places.of(parent.resource)) is not place:
            _call(parent, caller, span, place, places)
            if parent_here:
                places.answer(parent, span)
        taking = span.kind == _CONSUMER
        alone = all(where is place for _, where in (*beside, *behind))
        wraps = _wraps(span, [*beside, *behind])
        if span.peer is not None and (taking or ((alone or span.kind == _PRODUCER) and not wraps)):
            edge = places.inferred_edge(place, span.peer, taking)
            edge.calls += 1
            edge.errors += span.error
            edge.duration.add(span.end - span.start)
            edge.slowest = _slowest(edge.slowest, span)
            places.trace(edge, span.trace_id, span.peer)

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
        remote = any(where is not place for _, where in children)
        failed = any(child.error for child, _ in children)
        calling = span.peer is not None and span.kind != _CONSUMER
        unanswered = calling and (not remote or span.kind == _PRODUCER) and not _wraps(span, children)
        lost = (calling or span.kind == _CLIENT) and remote and span.error and not failed
        if len(children) == 1 and remote and span.kind not in _ENTRY_KINDS:
            # Of a call, all that is not the callee's time lies between the two: it belongs to the edge.
            child, where = children[0]
            edge = places.edge(place, where, _asynchronous(span, child))
            edge.gap.add(max(duration - (child.end - child.start), 1))
            edge.lost += lost
        elif not unanswered and not (_astray(span, children) and duration - _covered(span, children) < duration // 64):
            own = duration - _covered(span, children) if children else duration
            operation.self_time.add(own)
            if pod:
                (index,) = Sketch.of([own]).bins
                operation.bins_pods[pod] = operation.bins_pods.get(pod, 0) + index
                operation.timed_pods[pod] = operation.timed_pods.get(pod, 0) + 1
        operation.slowest = _slowest(operation.slowest, span)
        if span.error:
            operation.errors += 1
            if not (failed or unanswered or lost):
                operation.origin_errors += 1
                if pod:
                    operation.failed_pods[pod] = operation.failed_pods.get(pod, 0) + 1
                operation.failed = _slowest(operation.failed, span)
        return operation


def _call(parent: SpanRow, caller: Place, child: SpanRow, callee: Place, places: Places) -> None:
    edge = places.edge(caller, callee, _asynchronous(parent, child))
    edge.calls += 1
    edge.errors += child.error
    edge.duration.add(child.end - child.start)
    edge.slowest = _slowest(edge.slowest, parent)
    places.trace(edge, child.trace_id)
    if child.kind not in _ENTRY_KINDS:
        # Without a kind, being called from elsewhere is what makes a span a unit of work.
        operations = places.counts(callee).operations
        name = child.name if child.name in operations else OTHER_OPERATION
        operations.setdefault(name, OperationStats()).entries += 1


def _words(trace_id: bytes) -> tuple[int, int]:
    return int.from_bytes(trace_id[:8], "little"), int.from_bytes(trace_id[8:], "little")


def _ended_with(parent: SpanRow, child: SpanRow) -> bool:
    """At the same moment, or as far as another service's clock tells."""
    given_up = parent.error and not child.error and child.start >= parent.end
    within = child.end - child.start <= parent.end - parent.start
    fits = within and not given_up and not _asynchronous(parent, child)
    return parent.end == child.end or (fits and child.resource.service != parent.resource.service)


def _asynchronous(parent: SpanRow, child: SpanRow) -> bool:
    """A short call may seem to begin after its caller's end, as far as another clock tells."""
    if parent.kind == _PRODUCER or child.kind == _CONSUMER:
        return True
    waited = parent.kind == _CLIENT or child.kind in _ENTRY_KINDS
    late = child.start >= parent.end > 0
    return late and not waited and child.end - child.start > parent.end - parent.start


def _wraps(span: SpanRow, children: list[tuple[SpanRow, Place]]) -> bool:
    """Not a call by its kind, around one in the same service."""
    return span.kind <= 1 and any(child.service == span.service and child.kind == _CLIENT for child, _ in children)


def _by_clock_of(parent: SpanRow, child: SpanRow) -> tuple[int, int]:
    """Start and end: a call that somebody waited for lies within its caller's half, if it fits."""
    start, last = child.start, parent.end - child.duration
    elsewhere = child.service != parent.service and not _asynchronous(parent, child)
    if elsewhere and parent.start <= last:
        start = min(max(start, parent.start), last)
    return start, start + child.duration


def _astray(span: SpanRow, children: list[tuple[SpanRow, Place]]) -> bool:
    return any(_by_clock_of(span, child)[0] != child.start for child, _ in children)


def _covered(span: SpanRow, children: list[tuple[SpanRow, Place]]) -> int:
    """Nanoseconds of `span` during which at least one child ran."""
    covered, reached = 0, span.start
    for start, ended in sorted(_by_clock_of(span, child) for child, _ in children):
        begin, end = max(start, reached), min(ended, span.end)
        if end > begin:
            covered += end - begin
            reached = end
    return covered


def _slowest(kept: tuple[SpanExemplar, ...], span: SpanRow) -> tuple[SpanExemplar, ...]:
    exemplar = SpanExemplar(span.start - span.end, span.end, span.trace_id, span.span_id, span.resource.pod)
    return keep_spans(kept, (exemplar,))
