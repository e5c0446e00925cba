"""Rows as OTLP messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clients.replay.case import JsonValue, LogRow, SpanRow
from clients.replay.fields import sound

# Deeper values than this travel as their JSON text: receivers stop reading a message at about 100 levels.
_MAX_DEPTH = 20


def logs_request(rows: Iterable[LogRow], shift_nano: int = 0) -> ExportLogsServiceRequest:
    """The rows as one export, grouped by resource and scope, each group in the order given; known times shifted."""
    request = ExportLogsServiceRequest()
    resources: dict[object, ResourceLogs] = {}
    scopes: dict[object, ScopeLogs] = {}
    for row in rows:
        resource_key, scope_key = _keys(row, row.scope)
        if resource_key not in resources:
            resources[resource_key] = request.resource_logs.add(
                resource=_resource(row), schema_url=row.recorded.resource_schema_url if row.recorded else ""
            )
        if scope_key not in scopes:
            scopes[scope_key] = resources[resource_key].scope_logs.add(
                scope=_scope(row, row.scope), schema_url=row.recorded.scope_schema_url if row.recorded else ""
            )
        scopes[scope_key].log_records.append(_log_record(row, shift_nano))
    return request


def traces_request(rows: Iterable[SpanRow], shift_nano: int = 0) -> ExportTraceServiceRequest:
    """The rows as one export, grouped by resource and scope, each group in the order given; known times shifted."""
    request = ExportTraceServiceRequest()
    resources: dict[object, ResourceSpans] = {}
    scopes: dict[object, ScopeSpans] = {}
    for row in rows:
        resource_key, scope_key = _keys(row, "")
        if resource_key not in resources:
            resources[resource_key] = request.resource_spans.add(
                resource=_resource(row), schema_url=row.recorded.resource_schema_url if row.recorded else ""
            )
        if scope_key not in scopes:
            scopes[scope_key] = resources[resource_key].scope_spans.add(
                scope=_scope(row, ""), schema_url=row.recorded.scope_schema_url if row.recorded else ""
            )
        scopes[scope_key].spans.append(_span(row, shift_nano))
    return request


def shifted(time_unix_nano: int, shift_nano: int) -> int:
    """A known time moved; an unknown one (0) stays unknown. Clamped to what OTLP's signed readers can hold."""
    return min(max(time_unix_nano + shift_nano, 1), 2**63 - 1) if time_unix_nano else 0


def _keys(row: LogRow | SpanRow, scope: str) -> tuple[object, object]:
    if row.recorded is None:
        return (row.service, row.pod), (row.service, row.pod, scope)
    resource = (row.recorded.resource, row.recorded.resource_schema_url)
    return resource, (*resource, row.recorded.scope, row.recorded.scope_schema_url)


def _resource(row: LogRow | SpanRow) -> Resource:
    if row.recorded is not None:
        return Resource.FromString(row.recorded.resource)
    identity = (("service.name", row.service), ("k8s.pod.name", row.pod))
    return Resource(attributes=[_attribute(key, value) for key, value in identity if value])


def _scope(row: LogRow | SpanRow, name: str) -> InstrumentationScope:
    if row.recorded is not None:
        return InstrumentationScope.FromString(row.recorded.scope)
    return InstrumentationScope(name=name)


def _log_record(row: LogRow, shift_nano: int) -> LogRecord:
    if row.recorded is not None:
        record = LogRecord.FromString(row.recorded.record)
        record.time_unix_nano = shifted(row.time_unix_nano, shift_nano)
        record.observed_time_unix_nano = shifted(row.observed_time_unix_nano, shift_nano)
        return record
    record = LogRecord(
        time_unix_nano=shifted(row.time_unix_nano, shift_nano),
        observed_time_unix_nano=shifted(row.observed_time_unix_nano, shift_nano),
        severity_text=row.severity_text,
        # The enum's type is narrower than the field, which is open.
        severity_number=row.severity_number,  # type: ignore[arg-type]
        body=_any_value(row.body) if row.body is not None else None,
        trace_id=bytes.fromhex(row.trace_id),
        span_id=bytes.fromhex(row.span_id),
        attributes=_attributes(row.attributes),
    )
    if row.exception_type and "exception.type" not in row.attributes:
        record.attributes.append(_attribute("exception.type", row.exception_type))
    return record


def _span(row: SpanRow, shift_nano: int) -> Span:
    if row.recorded is not None:
        span = Span.FromString(row.recorded.record)
        span.start_time_unix_nano = shifted(row.start_unix_nano, shift_nano)
        span.end_time_unix_nano = shifted(row.end_unix_nano, shift_nano)
        for event in span.events:
            event.time_unix_nano = shifted(event.time_unix_nano, shift_nano)
        return span
    span = Span(
        trace_id=bytes.fromhex(row.trace_id),
        span_id=bytes.fromhex(row.span_id),
        parent_span_id=bytes.fromhex(row.parent_span_id),
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        start_time_unix_nano=shifted(row.start_unix_nano, shift_nano),
        end_time_unix_nano=shifted(row.end_unix_nano, shift_nano),
        attributes=_attributes(row.attributes),
    )
    if row.status_code or row.status_message:
        span.status.CopyFrom(Status(code=row.status_code, message=row.status_message))  # type: ignore[arg-type]
    return span


def _attributes(values: Mapping[str, JsonValue]) -> list[KeyValue]:
    return [_attribute(key, value) for key, value in values.items()]


def _attribute(key: str, value: JsonValue, depth: int = 0) -> KeyValue:
    return KeyValue(key=sound(key), value=_any_value(value, depth))


def _any_value(value: JsonValue, depth: int = 0) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, str):
        return AnyValue(string_value=sound(value))
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        in_range = -(2**63) <= value < 2**63
        return AnyValue(int_value=value) if in_range else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if depth >= _MAX_DEPTH:
        return AnyValue(string_value=json.dumps(value))
    result = AnyValue()
    if isinstance(value, list):
        result.array_value.SetInParent()
        result.array_value.values.extend(_any_value(item, depth + 1) for item in value)
    else:
        result.kvlist_value.SetInParent()
        result.kvlist_value.values.extend(_attribute(key, item, depth + 1) for key, item in value.items())
    return result
