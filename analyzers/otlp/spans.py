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
    peers = {
        row: peer
        for row, span in enumerate(spans)
        if span.kind in _CALLING and (peer := _peer(span, resources[resource[row]].service)) is not None
    }
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


def _peer(span: Span, caller: ServiceKey) -> Peer | None:
    values = {attribute.key: text(attribute) for attribute in span.attributes if attribute.key in _PEER_KEYS}
    name = next((values[key] for key in _PEER_KEYS if values.get(key, "") not in _NOWHERE), "")
    if not name:
        return None
    # The peer is looked for where the caller lives: nothing else is known of it.
    service = ServiceKey(caller.environment, caller.namespace, name)
    return Peer(service, asynchronous=span.kind == Span.SPAN_KIND_PRODUCER)
