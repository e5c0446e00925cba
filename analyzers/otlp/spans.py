"""Trace requests to columns."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from analyzers.columns import SpanBatch
from analyzers.otlp.calls import CallReader
from analyzers.otlp.peers import PEER_KEYS, PeerReader
from analyzers.otlp.received import Received, request_of, times_of
from analyzers.otlp.resource_reader import ResourceReader
from analyzers.otlp.span_records import SpanRecords
from analyzers.otlp.times import DecodeLimits, settle_durations, settle_times
from analyzers.wire import StrangeWireError, Wire, outline


class SpanDecoder:
    """Serialised requests to columns. Remembers attributes and resources it has read; no result depends on that."""

    def __init__(self, limits: DecodeLimits | None = None) -> None:
        self._limits = limits or DecodeLimits()
        self._calls = CallReader()
        self._peers = PeerReader()
        self._resources = ResourceReader()

    def decode(self, requests: Sequence[Received]) -> SpanBatch:
        """Columns of all spans, in the order sent; those of Hypocenter's own are left out and counted. A span that
        ends before it starts, or has no start, has duration 0. Of those that are no calls by their kind, only what is
        one all the same has a peer."""
        wire = Wire(request.body for request in requests)
        try:
            levels = outline(wire)
        except StrangeWireError:
            return self.decode([_rewritten(request) for request in requests])
        start, end = levels.records(wire)
        request = request_of(requests, start)
        spans = SpanRecords(wire, start, end, PEER_KEYS)
        received = times_of(requests, request)
        starts, wire_ends = spans.starts(), spans.ends()
        ends, faults = settle_times(wire_ends, starts, received, self._limits)
        durations = settle_durations(starts, wire_ends, ends, received, self._limits)
        resources, which = self._resources.read_all(levels.resources)
        resource = which[levels.group]
        kind = spans.kinds()
        producing = kind == Span.SPAN_KIND_PRODUCER
        # A consumer names what it takes from, which is a peer as well.
        naming = producing | (kind == Span.SPAN_KIND_CLIENT) | (kind == Span.SPAN_KIND_CONSUMER)
        vague = spans.attributes.of(kind <= Span.SPAN_KIND_INTERNAL)
        naming |= self._calls.read(spans.wire, vague, len(spans))
        calls = spans.attributes.of(naming)
        peers, peer = self._peers.read(spans.wire, calls, resources, resource, producing)
        names, name = spans.names()
        batch = SpanBatch(
            resources=resources,
            names=names,
            peers=peers,
            request=request,
            resource=resource,
            name=name,
            peer=peer,
            kind=kind,
            start_unix_nano=ends - durations,
            end_unix_nano=ends,
            error=spans.errors(),
            trace_id=spans.trace_ids(),
            span_id=spans.span_ids(),
            parent_span_id=spans.parents(),
            faults=faults,
            own=0,
        )
        return _without_own(batch)


def decode_spans(resource_spans: Iterable[ResourceSpans], received_unix_nano: int, limits: DecodeLimits) -> SpanBatch:
    """The columns of parsed messages."""
    body = ExportTraceServiceRequest(resource_spans=resource_spans).SerializeToString()
    return SpanDecoder(limits).decode([Received(body, received_unix_nano)])


def _without_own(batch: SpanBatch) -> SpanBatch:
    """Hypocenter's telemetry about itself is never analysed into a loop."""
    own = np.array([resource.own for resource in batch.resources], dtype=np.bool_)
    if not own.any():
        return batch
    rows = own[batch.resource]
    return replace(batch.chosen(~rows), own=int(rows.sum()))


def _rewritten(request: Received) -> Received:
    """As the parser writes it, without what no field of this version has."""
    parsed = ExportTraceServiceRequest.FromString(request.body)
    parsed.DiscardUnknownFields()
    return replace(request, body=parsed.SerializeToString())
