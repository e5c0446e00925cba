"""Rows from the lines of a case folder."""

from __future__ import annotations

from clients.replay.case import LogRow, SpanRow
from clients.replay.fields import Fields

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES = ("UNSET", "OK", "ERROR")


def log_row(fields: Fields) -> LogRow:
    """A row of logs.jsonl. Needs time_unix_nano, service and body; everything else may be absent."""
    fields.require("time_unix_nano", "service")
    return LogRow(
        time_unix_nano=fields.time("time_unix_nano"),
        service=fields.text("service"),
        body=fields.value("body"),
        pod=fields.text("pod"),
        severity_text=fields.text("severity_text"),
        severity_number=_severity(fields),
        scope=fields.text("scope"),
        trace_id=fields.hex_id("trace_id", 32),
        span_id=fields.hex_id("span_id", 16),
        attributes=fields.mapping("attributes"),
        exception_type=fields.text("exception_type"),
        observed_time_unix_nano=fields.time("observed_time_unix_nano"),
    )


def span_row(fields: Fields) -> SpanRow:
    """A row of spans.jsonl. Needs both ids, name, service and both times; everything else may be absent."""
    fields.require("trace_id", "span_id", "name", "service", "start_unix_nano", "end_unix_nano")
    status_code, status_message = _status(fields)
    return SpanRow(
        trace_id=fields.hex_id("trace_id", 32),
        span_id=fields.hex_id("span_id", 16),
        parent_span_id=fields.hex_id("parent_span_id", 16),
        name=fields.text("name"),
        service=fields.text("service"),
        pod=fields.text("pod"),
        start_unix_nano=fields.time("start_unix_nano"),
        end_unix_nano=fields.time("end_unix_nano"),
        kind=fields.choice("kind", _KINDS, "SPAN_KIND_"),
        status_code=status_code,
        status_message=status_message,
        attributes=fields.mapping("attributes"),
    )


def _severity(fields: Fields) -> int:
    number = fields.number("severity_number")
    if not 0 <= number <= 24:
        raise fields.error("severity_number", f"is not one of OTLP's: {number}", "Write 0 to 24, 0 for unknown")
    return number


def _status(fields: Fields) -> tuple[int, str]:
    if isinstance(fields.value("status"), dict):
        inner = fields.inside("status")
        return inner.choice("code", _STATUSES, "STATUS_CODE_"), inner.text("message")
    return fields.choice("status", _STATUSES, "STATUS_CODE_"), fields.text("status_message")
