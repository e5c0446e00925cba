"""Deterministic OTLP traffic of a small shop, with a leaf that can be made to throw.

    frontend -> checkout -> payment          every second request
    frontend -> catalog  -> inventory        the others

During the fault `payment` throws for most charges; `checkout` and `frontend` fail with it and are louder about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
REQUEST_INTERVAL = SECOND // 4
LEAF = "payment"


@dataclass(frozen=True, slots=True)
class TrafficSlice:
    """What the shop emitted in one stretch of event time."""

    logs: ExportLogsServiceRequest
    traces: ExportTraceServiceRequest
    log_count: int
    span_count: int


@dataclass(frozen=True, slots=True)
class _Call:
    service: str
    operation: str
    self_milliseconds: float


_CHECKOUT = (
    _Call("frontend", "POST /checkout", 4.0),
    _Call("checkout", "PlaceOrder", 9.0),
    _Call(LEAF, "Charge", 22.0),
)
_BROWSE = (
    _Call("frontend", "GET /products", 3.0),
    _Call("catalog", "ListProducts", 6.0),
    _Call("inventory", "StockOf", 11.0),
)


def shop_traffic(
    start_unix_nano: int, seconds: int, *, fault: bool = False, slice_seconds: int = 10, seed: int = 1
) -> Iterator[TrafficSlice]:
    """Slices in event-time order. The same arguments give the same bytes; another seed gives other ids."""
    random = Random(f"{seed} {fault}")
    for offset in range(0, seconds, slice_seconds):
        emitted = _Emitted()
        begin = start_unix_nano + offset * SECOND
        end = begin + min(slice_seconds, seconds - offset) * SECOND
        for number, at in enumerate(range(begin, end, REQUEST_INTERVAL)):
            _request(emitted, random, at, _CHECKOUT if number % 2 else _BROWSE, fault)
        yield emitted.as_slice()


class _Emitted:
    """Records and spans of one slice by service."""

    def __init__(self) -> None:
        self._logs: dict[str, list[LogRecord]] = {}
        self._spans: dict[str, list[Span]] = {}

    def span(self, service: str, span: Span) -> None:
        self._spans.setdefault(service, []).append(span)

    def log(self, service: str, record: LogRecord) -> None:
        self._logs.setdefault(service, []).append(record)

    def as_slice(self) -> TrafficSlice:
        logs = [
            ResourceLogs(resource=resource_of(service), scope_logs=[ScopeLogs(log_records=records)])
            for service, records in sorted(self._logs.items())
        ]
        traces = [
            ResourceSpans(resource=resource_of(service), scope_spans=[ScopeSpans(spans=spans)])
            for service, spans in sorted(self._spans.items())
        ]
        return TrafficSlice(
            ExportLogsServiceRequest(resource_logs=logs),
            ExportTraceServiceRequest(resource_spans=traces),
            sum(map(len, self._logs.values())),
            sum(map(len, self._spans.values())),
        )


def resource_of(service: str) -> Resource:
    """The resource of a service of the shop."""
    return Resource(
        attributes=[
            attribute("service.name", service),
            attribute("service.namespace", "shop"),
            attribute("deployment.environment.name", "test"),
        ]
    )


def attribute(key: str, value: str) -> KeyValue:
    """A string attribute."""
    return KeyValue(key=key, value=AnyValue(string_value=value))


def log_record(at_unix_nano: int, severity: SeverityNumber.ValueType, body: str, *attributes: KeyValue) -> LogRecord:
    """A record with a text body, observed when it happened."""
    return LogRecord(
        time_unix_nano=at_unix_nano,
        observed_time_unix_nano=at_unix_nano,
        severity_number=severity,
        severity_text=SeverityNumber.Name(severity).removeprefix("SEVERITY_NUMBER_"),
        body=AnyValue(string_value=body),
        attributes=attributes,
    )


def _request(emitted: _Emitted, random: Random, at: int, calls: tuple[_Call, ...], fault: bool) -> None:
    """One trace: a SERVER span per call, a CLIENT span per edge, a log line per SERVER span."""
    trace_id = random.randbytes(16)
    fails = fault and calls[-1].service == LEAF and random.random() < 0.8
    order = f"{random.randrange(1 << 32):08x}"
    parent = b""
    begin = at
    # The time a call takes is its own and that of what it calls; begins and ends nest.
    own = [int(call.self_milliseconds * random.uniform(0.8, 1.2) * MILLISECOND) for call in calls]
    for depth, call in enumerate(calls):
        end = begin + sum(own[depth:])
        server = Span(
            trace_id=trace_id,
            span_id=random.randbytes(8),
            parent_span_id=parent,
            name=call.operation,
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=begin,
            end_time_unix_nano=end,
        )
        record = _leaf_failure(server, order) if fails and call.service == LEAF else _line(server, call, order, fails)
        record.trace_id, record.span_id = trace_id, server.span_id
        emitted.span(call.service, server)
        emitted.log(call.service, record)
        if depth + 1 < len(calls):
            begin += own[depth] // 2
            client = Span(
                trace_id=trace_id,
                span_id=random.randbytes(8),
                parent_span_id=server.span_id,
                name=calls[depth + 1].operation,
                kind=Span.SPAN_KIND_CLIENT,
                start_time_unix_nano=begin,
                end_time_unix_nano=begin + sum(own[depth + 1 :]),
                attributes=[attribute("server.address", calls[depth + 1].service)],
            )
            if fails:
                client.status.code = Status.STATUS_CODE_ERROR
                emitted.log(call.service, _retry_line(client, call, calls[depth + 1]))
            emitted.span(call.service, client)
            parent = client.span_id


def _line(server: Span, call: _Call, order: str, fails: bool) -> LogRecord:
    if not fails:
        return log_record(
            server.end_time_unix_nano, SeverityNumber.SEVERITY_NUMBER_INFO, f"{call.operation} order={order} done"
        )
    server.status.code = Status.STATUS_CODE_ERROR
    return log_record(
        server.end_time_unix_nano,
        SeverityNumber.SEVERITY_NUMBER_ERROR,
        f"{call.operation} order={order} failed: upstream answered 500",
    )


def _retry_line(client: Span, caller: _Call, callee: _Call) -> LogRecord:
    record = log_record(
        client.end_time_unix_nano,
        SeverityNumber.SEVERITY_NUMBER_WARN,
        f"{caller.operation}: call to {callee.service} failed, giving up after 1 attempt",
    )
    record.trace_id, record.span_id = client.trace_id, client.span_id
    return record


def _leaf_failure(server: Span, order: str) -> LogRecord:
    exception = (
        attribute("exception.type", "CardProcessorError"),
        attribute("exception.message", "ledger refused the booking"),
        attribute(
            "exception.stacktrace", "CardProcessorError: ledger refused the booking\n\tat Ledger.book(Ledger:88)"
        ),
    )
    server.status.code = Status.STATUS_CODE_ERROR
    server.status.message = "CardProcessorError"
    server.events.add(name="exception", time_unix_nano=server.end_time_unix_nano, attributes=exception)
    return log_record(
        server.end_time_unix_nano,
        SeverityNumber.SEVERITY_NUMBER_ERROR,
        f"Charge order={order} threw CardProcessorError: ledger refused the booking",
        *exception,
    )
