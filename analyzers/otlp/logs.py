"""Log requests to columns."""

from collections.abc import Iterable

import numpy as np
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs

from analyzers.columns import LogBatch
from analyzers.otlp.body import body_text
from analyzers.otlp.resources import NAME_LIMIT, decode_resource, text
from analyzers.otlp.severities import by_text
from analyzers.otlp.times import DecodeLimits, dateless, settle_times, wire_times
from analyzers.service import Resource

_WEIGHT = "log_count"
_TEMPLATE = "log.record.template"
_EXCEPTION = "exception.type"
_READ = frozenset({_WEIGHT, _TEMPLATE, _EXCEPTION})
_MAX_WEIGHT = 2**31
# Characters of a template that was sent along; as many as of a body take part in its shape.
_TEMPLATE_CHARS = 1024
# Bytes of ids as the specification has them; a longer one is cut.
_TRACE_ID, _SPAN_ID = 16, 8


def decode_logs(
    resource_logs: Iterable[ResourceLogs], received_unix_nano: int, limits: DecodeLimits, attributes: bool = True
) -> LogBatch:
    """Columns of all records, in the order sent.

    `attributes` says whether any record may carry one of the few attributes that are read; walking them costs several
    times the rest, so a caller that has the bytes looks for the names there first (`needs_attributes`).
    """
    resources: list[Resource] = []
    scopes: list[str] = []
    resource: list[int] = []
    scope: list[int] = []
    records: list[LogRecord] = []
    own = 0
    for group in resource_logs:
        decoded = decode_resource(group.resource)
        if decoded.own:
            own += weigh((group,), attributes)
            continue
        resources.append(decoded)
        for part in group.scope_logs:
            scopes.append(part.scope.name[:NAME_LIMIT])
            records.extend(part.log_records)
            resource.extend([len(resources) - 1] * len(part.log_records))
            scope.extend([len(scopes) - 1] * len(part.log_records))
    weight = np.ones(len(records), dtype=np.int64)
    template: dict[int, str] = {}
    exception_type: dict[int, str] = {}
    if attributes:
        for row, record in enumerate(records):
            for attribute in record.attributes:
                key = attribute.key
                if key not in _READ:
                    continue
                if key == _WEIGHT:
                    weight[row] = _weight(record)
                elif key == _TEMPLATE:
                    template[row] = text(attribute, _TEMPLATE_CHARS)
                else:
                    exception_type[row] = text(attribute)
    bodies = [record.body.string_value for record in records]
    for row, body in enumerate(bodies):
        if not body:
            bodies[row] = body_text(records[row].body, limits.depth, limits.body_chars)
    over = [row for row, body in enumerate(bodies) if len(body) > limits.body_chars]
    for row in over:
        bodies[row] = bodies[row][: limits.body_chars]
    preferred = wire_times([record.time_unix_nano for record in records])
    observed = np.zeros_like(preferred)
    if unsettled := dateless(preferred):
        observed[unsettled] = wire_times([records[row].observed_time_unix_nano for row in unsettled])
    times, faults = settle_times(preferred, observed, received_unix_nano, limits)
    return LogBatch(
        resources=resources,
        scopes=scopes,
        resource=np.array(resource, dtype=np.int32),
        scope=np.array(scope, dtype=np.int32),
        time_unix_nano=times,
        severity=np.array(
            [record.severity_number or by_text(record.severity_text) for record in records], dtype=np.int32
        ),
        weight=weight,
        body=bodies,
        trace_id=[record.trace_id[:_TRACE_ID] for record in records],
        span_id=[record.span_id[:_SPAN_ID] for record in records],
        template=template,
        exception_type=exception_type,
        faults=faults,
        truncated=len(over),
        own=own,
    )


def needs_attributes(request: bytes) -> bool:
    """Whether any attribute that `decode_logs` reads can be in the serialized request."""
    return any(name.encode() in request for name in (_WEIGHT, _TEMPLATE, _EXCEPTION))


def weigh(resource_logs: Iterable[ResourceLogs], attributes: bool = True) -> int:
    """How many records these stand for: `log_count` of the Collector's log_dedup, else one each."""
    parts = [part for group in resource_logs for part in group.scope_logs]
    if not attributes:
        return sum(len(part.log_records) for part in parts)
    return sum(_weight(record) for part in parts for record in part.log_records)


def _weight(record: LogRecord) -> int:
    for attribute in record.attributes:
        if attribute.key == _WEIGHT:
            return min(max(attribute.value.int_value, 1), _MAX_WEIGHT)
    return 1
