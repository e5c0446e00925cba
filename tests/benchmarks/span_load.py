"""Synthetic traces: a request enters, and goes down a tree of services; both halves of every call are sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from tests.benchmarks.log_load import resource_attributes, text

MICRO = 1_000
SECOND = 1_000_000_000
_CALLS = 3
# What a broken service takes longer than usual.
_BROKEN = 60_000 * MICRO


@dataclass(frozen=True, slots=True)
class SpanShape:
    """`per_second` is of event time."""

    spans: int = 1000
    services: int = 20
    per_second: int = 5000
    # A service that takes ten times as long as usual and fails, or none.
    broken: int | None = None


def span_requests(count: int, shape: SpanShape, start_unix_nano: int, seed: int = 1) -> Iterator[bytes]:
    """Serialised requests, each grouped by service. A trace is 1 + 2 * 3 spans over up to 4 services."""
    random = Random(seed)
    sent = 0
    for _ in range(count):
        parts: dict[int, ScopeSpans] = {}
        request = ExportTraceServiceRequest()
        held = 0
        while held < shape.spans:
            for service, span in _trace(random, shape, start_unix_nano + sent * SECOND // shape.per_second):
                if service not in parts:
                    group = request.resource_spans.add()
                    group.resource.attributes.extend(resource_attributes(service))
                    parts[service] = group.scope_spans.add()
                parts[service].spans.append(span)
                held += 1
                sent += 1
                if held == shape.spans:
                    break
        yield request.SerializeToString()


def _trace(random: Random, shape: SpanShape, at: int) -> Iterator[tuple[int, Span]]:
    """The innermost first, as they end."""
    trace_id = random.randbytes(16)
    ids = [random.randbytes(8) for _ in range(2 * _CALLS + 1)]
    # The same few callees for a caller, so that edges are far fewer than pairs.
    path = [random.randrange(shape.services)]
    for _ in range(_CALLS):
        path.append((path[-1] * 7 + 1 + random.randrange(3)) % shape.services)
    begin, end = at, at + (len(ids) + 1) * 2_000 * MICRO
    if shape.broken in path:
        end += _BROKEN
    spans = []
    for level, span_id in enumerate(ids):
        service = path[(level + 1) // 2]
        client = level % 2 == 1
        begin += random.randrange(100, 900) * MICRO
        end -= random.randrange(100, 900) * MICRO
        if client:
            service = path[level // 2]
        span = Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=ids[level - 1] if level else b"",
            name=f"{'call' if client else 'handle'} item {service % 10}",
            kind=Span.SPAN_KIND_CLIENT if client else Span.SPAN_KIND_SERVER,
            start_time_unix_nano=begin,
            end_time_unix_nano=end,
        )
        span.attributes.extend(
            [
                text("http.request.method", "GET"),
                text("url.path", f"/v1/items/{random.getrandbits(20)}"),
                text("server.address", f"service-{path[min((level + 1) // 2, _CALLS) if client else 0]:03d}"),
                text("network.protocol.version", "1.1"),
            ]
        )
        if service == shape.broken and not client:
            span.status.code = Status.STATUS_CODE_ERROR
            end -= _BROKEN
        spans.append((service, span))
    return reversed(spans)
