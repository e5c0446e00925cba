"""What is sent: few records, all of the service SERVICE, so that they can be told from everybody else's."""

from __future__ import annotations

import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import SEVERITY_NUMBER_INFO, LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SERVICE = "otlp-conformance"
# Field 1023, length-delimited: of a version of the protocol that does not exist yet.
_UNKNOWN = b"\xfa\x3f"


def logs(count: int = 1, service: str = SERVICE) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    if service:
        group.resource.attributes.append(_text("service.name", service))
    part = group.scope_logs.add()
    for number in range(count):
        body = AnyValue(string_value=f"conformance record {number}")
        record = LogRecord(time_unix_nano=time.time_ns(), severity_number=SEVERITY_NUMBER_INFO, body=body)
        part.log_records.append(record)
    return request


def traces(good: int = 1, bad: int = 0, number: int = 0) -> ExportTraceServiceRequest:
    """Spans with ids, then spans without; different numbers make different ids."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(_text("service.name", SERVICE))
    now = time.time_ns()
    spans = [
        Span(
            trace_id=(now << 20 | number << 8 | index + 1).to_bytes(16, "big"),
            span_id=(now % 2**32 << 20 | number << 8 | index + 1).to_bytes(8, "big"),
            name="conformance",
            start_time_unix_nano=now - 1_000_000,
            end_time_unix_nano=now,
        )
        for index in range(good)
    ]
    group.scope_spans.add(spans=[*spans, *(Span(name="without ids") for _ in range(bad))])
    return request


def empty_envelope() -> ExportLogsServiceRequest:
    """A resource with a scope with nothing in it."""
    return logs(0)


def every_kind() -> ExportLogsServiceRequest:
    """Attributes and a body of every kind, empty ones and mixed arrays among them."""
    kinds = (
        AnyValue(string_value="text"),
        AnyValue(bool_value=True),
        AnyValue(int_value=-(2**63)),
        AnyValue(double_value=1.5),
        AnyValue(bytes_value=b"\x00\xff"),
        AnyValue(),
    )
    array = AnyValue(array_value=ArrayValue(values=kinds))
    pairs = AnyValue(
        kvlist_value=KeyValueList(values=[KeyValue(key="inner", value=array), KeyValue(key="empty", value=AnyValue())])
    )
    request = logs(1)
    record = request.resource_logs[0].scope_logs[0].log_records[0]
    for number, value in enumerate((*kinds, array, pairs)):
        record.attributes.append(KeyValue(key=f"kind.{number}", value=value))
    record.body.CopyFrom(pairs)
    return request


def nested(depth: int) -> bytes:
    """A record whose body is an array in an array, that many times. No library writes this deep, so it is done here."""
    value = b"\x18\x01"
    for _ in range(depth):
        value = _field(5, _field(1, value))
    record = _field(5, value)
    return _field(1, _field(2, _field(2, record)))


def with_unknown_field(request: bytes) -> bytes:
    return request + _UNKNOWN + b"\x05later"


def of_size(size: int) -> bytes:
    """A request of exactly that many bytes with no record in it: all of it is an unknown field, of zeros."""
    length = size - len(_UNKNOWN) - 5
    return _UNKNOWN + _padded(length) + bytes(length)


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _padded(len(payload)) + payload


def _padded(value: int) -> bytes:
    """A varint of five bytes whatever the number: longer than need be is allowed."""
    groups = [value >> 7 * place & 0x7F for place in range(5)]
    return bytes([*(group | 0x80 for group in groups[:4]), groups[4]])


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
