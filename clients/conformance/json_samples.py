"""OTLP/JSON written by hand, in the shapes of the specification's own examples."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from clients.conformance.samples import SERVICE

_RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": SERVICE}}]}


def logs(record: Mapping[str, object] | None = None, **request: object) -> bytes:
    """One log record with those fields on top of its own; `request` are further fields of the request."""
    own = {
        "timeUnixNano": str(time.time_ns()),
        "observedTimeUnixNano": str(time.time_ns()),
        "severityNumber": 10,
        "severityText": "Information",
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "EEE19B7EC3C1B174",
        "body": {"stringValue": "Example log record"},
        "attributes": [
            {"key": "string.attribute", "value": {"stringValue": "some string"}},
            {"key": "boolean.attribute", "value": {"boolValue": True}},
            {"key": "int.attribute", "value": {"intValue": "10"}},
            {"key": "double.attribute", "value": {"doubleValue": 637.704}},
            {
                "key": "array.attribute",
                "value": {"arrayValue": {"values": [{"stringValue": "many"}, {"intValue": 1}, {}]}},
            },
            {
                "key": "map.attribute",
                "value": {"kvlistValue": {"values": [{"key": "some.key", "value": {"bytesValue": "AP8="}}]}},
            },
        ],
    }
    scope = {"name": "my.library", "version": "1.0.0"}
    parts = [{"scope": scope, "logRecords": [own | dict(record or {})]}]
    return json.dumps({"resourceLogs": [{"resource": _RESOURCE, "scopeLogs": parts}], **request}).encode()


def traces(span: Mapping[str, object] | None = None, **request: object) -> bytes:
    """One span, as `logs`."""
    now = time.time_ns()
    own = {
        "traceId": f"{now:032x}",
        "spanId": f"{now % 2**63:016x}",
        "parentSpanId": "",
        "name": "I'm a server span",
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
        "kind": 2,
        "status": {},
        "attributes": [{"key": "my.span.attr", "value": {"stringValue": "some value"}}],
        "links": [{"traceId": f"{now + 1:032X}", "spanId": f"{now % 2**62:016X}"}],
    }
    parts = [{"scope": {"name": "my.library"}, "spans": [own | dict(span or {})]}]
    return json.dumps({"resourceSpans": [{"resource": _RESOURCE, "scopeSpans": parts}], **request}).encode()
