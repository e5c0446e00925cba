"""Trace requests to columns."""

from collections.abc import Iterable

import numpy as np
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from analyzers.columns import Peer, SpanBatch
from analyzers.otlp.resources import NAME_LIMIT, decode_resource, text
from analyzers.otlp.times import DecodeLimits, settle_durations, settle_times, wire_times
from analyzers.service import Resource, ServiceKey

_CALLING = (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER)
# Most specific first: a named peer, then where it listens, then what kind of system it is.
_PEER_KEYS = (
    "service.peer.name",
    "peer.service",
    "messaging.destination.name",
    "server.address",
    "net.peer.name",
    "db.system.name",
    "db.system",
)
_PEER_RANK = {key: rank for rank, key in enumerate(_PEER_KEYS)}
# Bytes of ids as the specification has them; a longer one is cut.
_TRACE_ID, _SPAN_ID = 16, 8
# An address that says nothing about who answers there.
_NOWHERE = ("", "localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0")


def decode_spans(resource_spans: Iterable[ResourceSpans], received_unix_nano: int, limits: DecodeLimits) -> SpanBatch:
    """Columns of all spans, in the order sent. A span that ends before it starts, or has no start, has duration 0."""
    resources: list[Resource] = []
    resource: list[int] = []
    spans: list[Span] = []
    own = 0
    for group in resource_spans:
        decoded = decode_resource(group.resource)
        if decoded.own:
            own += sum(len(part.spans) for part in group.scope_spans)
            continue
        resources.append(decoded)
        for part in group.scope_spans:
            spans.extend(part.spans)
            resource.extend([len(resources) - 1] * len(part.spans))
    starts = wire_times([span.start_time_unix_nano for span in spans])
    wire_ends = wire_times([span.end_time_unix_nano for span in spans])
    ends, faults = settle_times(wire_ends, starts, received_unix_nano, limits)
    durations = settle_durations(starts, wire_ends, ends, received_unix_nano, limits)
    peers: dict[int, Peer] = {}
    # Few differ; the same one is used for all calls of one service to another.
    known: dict[tuple[int, str, bool], Peer] = {}
    for row, span in enumerate(spans):
        if span.kind not in _CALLING or not (name := _peer_name(span)):
            continue
        key = (resource[row], name, span.kind == Span.SPAN_KIND_PRODUCER)
        if key not in known:
            known[key] = _peer(resources[key[0]].service, name, key[2])
        peers[row] = known[key]
    return SpanBatch(
        resources=resources,
        resource=np.array(resource, dtype=np.int32),
        name=[span.name[:NAME_LIMIT] for span in spans],
        kind=np.array([span.kind for span in spans], dtype=np.int32),
        start_unix_nano=ends - durations,
        end_unix_nano=ends,
        error=[span.status.code == Status.STATUS_CODE_ERROR for span in spans],
        trace_id=[span.trace_id[:_TRACE_ID] for span in spans],
        span_id=[span.span_id[:_SPAN_ID] for span in spans],
        parent_span_id=[span.parent_span_id[:_SPAN_ID] for span in spans],
        peer=peers,
        faults=faults,
        own=own,
    )


def _peer_name(span: Span) -> str:
    """What the attributes say of who was called; empty when nothing."""
    found: dict[int, str] = {}
    for attribute in span.attributes:
        rank = _PEER_RANK.get(attribute.key)
        if rank is not None:
            found[rank] = text(attribute)
    return next((found[rank] for rank in sorted(found) if found[rank] not in _NOWHERE), "")


def _peer(caller: ServiceKey, name: str, asynchronous: bool) -> Peer:
    """The peer is looked for where the caller lives: nothing else is known of it."""
    return Peer(ServiceKey(caller.environment, caller.namespace, name), asynchronous)
