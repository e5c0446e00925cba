"""Rows from OTLP JSON, one export request a line, as the Collector's file exporter writes it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from clients.replay.case import JsonValue, LogRow, Recorded, SpanRow
from clients.replay.errors import Place, ReplayError

LOGS = "resourceLogs"
SPANS = "resourceSpans"
METRICS = "resourceMetrics"
SIGNALS = frozenset({LOGS, SPANS, METRICS, "resourceProfiles"})
_ID_DIGITS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
Request = TypeVar("Request", bound=Message)


def log_rows(place: Place, values: dict[str, JsonValue]) -> Iterator[LogRow]:
    """The log records of one line."""
    for group in _parse(place, values, ExportLogsServiceRequest()).resource_logs:
        service, pod = _identity(group.resource)
        for scoped in group.scope_logs:
            keep = _keeper(group.resource, group.schema_url, scoped.scope, scoped.schema_url)
            for record in scoped.log_records:
                yield LogRow(
                    time_unix_nano=_known(record.time_unix_nano),
                    observed_time_unix_nano=_known(record.observed_time_unix_nano),
                    service=service,
                    pod=pod,
                    severity_text=record.severity_text,
                    severity_number=record.severity_number,
                    scope=scoped.scope.name,
                    body=record.body.string_value,
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    recorded=replace(keep, record=record.SerializeToString()),
                )


def span_rows(place: Place, values: dict[str, JsonValue]) -> Iterator[SpanRow]:
    """The spans of one line."""
    for group in _parse(place, values, ExportTraceServiceRequest()).resource_spans:
        service, pod = _identity(group.resource)
        for scoped in group.scope_spans:
            keep = _keeper(group.resource, group.schema_url, scoped.scope, scoped.schema_url)
            for span in scoped.spans:
                yield SpanRow(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_span_id=span.parent_span_id.hex(),
                    name=span.name,
                    service=service,
                    pod=pod,
                    start_unix_nano=_known(span.start_time_unix_nano),
                    end_unix_nano=_known(span.end_time_unix_nano),
                    kind=span.kind,
                    status_code=span.status.code,
                    status_message=span.status.message,
                    recorded=replace(keep, record=span.SerializeToString()),
                )


def _parse(place: Place, values: dict[str, JsonValue], request: Request) -> Request:
    _encode_ids(place, values)
    try:
        return json_format.ParseDict(values, request, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ReplayError(place, f"is not OTLP JSON ({reason})", "Record it again, or delete the line") from error


def _encode_ids(place: Place, value: JsonValue) -> None:
    """OTLP/JSON writes ids in hex where protobuf's JSON has base64: without this they are read wrong in silence.

    Walks by an explicit stack, so that a deeply nested body cannot exhaust Python's own. Ids inside attribute values
    are safe: those are keyed `key` and `value`, never by a name of ours.
    """
    stack: list[JsonValue] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            for name, digits in _ID_DIGITS.items():
                if item.get(name):
                    item[name] = _base64(replace(place, field=name), item[name], digits)
            stack.extend(item.values())


def _base64(place: Place, value: JsonValue, digits: int) -> str:
    try:
        if not isinstance(value, str) or len(value) != digits:
            raise ValueError
        return base64.b64encode(binascii.unhexlify(value)).decode()
    except ValueError as error:
        remedy = "OTLP JSON writes ids in hex; record it again, or delete the line"
        raise ReplayError(place, f"must be {digits} hex digits, not {str(value)[:60]!r}", remedy) from error


def _identity(resource: Resource) -> tuple[str, str]:
    texts = {attribute.key: attribute.value.string_value for attribute in resource.attributes}
    return texts.get("service.name", ""), texts.get("k8s.pod.name", "")


def _keeper(
    resource: Resource, resource_schema_url: str, scope: InstrumentationScope, scope_schema_url: str
) -> Recorded:
    return Recorded(
        resource=resource.SerializeToString(deterministic=True),
        resource_schema_url=resource_schema_url,
        scope=scope.SerializeToString(deterministic=True),
        scope_schema_url=scope_schema_url,
        record=b"",
    )


def _known(time_unix_nano: int) -> int:
    # OTLP times are unsigned: one of before 1970 comes out beyond the signed range.
    return time_unix_nano if time_unix_nano < 2**63 else 0
