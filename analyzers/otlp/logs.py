"""Log requests to columns."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs

from analyzers.changes import tells_of_change
from analyzers.columns import LogBatch
from analyzers.otlp.attributes import AttributeReader
from analyzers.otlp.log_records import LogRecords
from analyzers.otlp.received import Received, request_of, times_of
from analyzers.otlp.resource_reader import ResourceReader
from analyzers.otlp.resources import NAME_LIMIT, text
from analyzers.otlp.times import DecodeLimits, settle_times
from analyzers.wire import StrangeWireError, Wire, outline

_WEIGHT = "log_count"
_TEMPLATE = "log.record.template"
_EXCEPTION = "exception.type"
# Deprecated in favour of the record's own field; both are in use.
_EVENT = "event.name"
_READ = frozenset({_WEIGHT, _TEMPLATE, _EXCEPTION, _EVENT})
_MAX_WEIGHT = 2**31
# Characters of a template that was sent along; as many as of a body take part in its shape.
_TEMPLATE_CHARS = 1024


class LogDecoder:
    """Serialised requests to columns. Remembers attributes and resources it has read; no result depends on that."""

    def __init__(self, limits: DecodeLimits | None = None) -> None:
        self._limits = limits or DecodeLimits()
        self._attributes = AttributeReader(_READ)
        self._resources = ResourceReader()

    def decode(self, requests: Sequence[Received]) -> LogBatch:
        """Columns of all records, in the order sent; those of Hypocenter's own are left out and counted."""
        wire = Wire(request.body for request in requests)
        try:
            levels = outline(wire)
        except StrangeWireError:
            return self.decode([_rewritten(request) for request in requests])
        start, end = levels.records(wire)
        request = request_of(requests, start)
        records = LogRecords(wire, start, end, self._limits, _READ)
        weight = np.ones(len(records), dtype=np.int64)
        template: dict[int, str] = {}
        exception_type: dict[int, str] = {}
        weighed: set[int] = set()
        event = records.events()
        for row, attribute in self._attributes.read(records.wire, records.attributes):
            if attribute.key == _TEMPLATE:
                template[row] = text(attribute, _TEMPLATE_CHARS)
            elif attribute.key == _EXCEPTION:
                exception_type[row] = text(attribute)
            elif attribute.key == _EVENT:
                event.setdefault(row, text(attribute))
            elif row not in weighed:
                weighed.add(row)
                weight[row] = _weight(attribute)
        received, bodies = times_of(requests, request), records.bodies()
        times, faults = settle_times(records.times(), records.observed(), received, self._limits)
        resources, which = self._resources.read_all(levels.resources)
        batch = LogBatch(
            resources=resources,
            scopes=[InstrumentationScope.FromString(item).name[:NAME_LIMIT] for item in levels.scopes],
            request=request,
            resource=which[levels.group],
            scope=levels.part,
            time_unix_nano=times,
            severity=records.severities(bodies),
            weight=weight,
            body=bodies,
            trace_id=records.trace_ids(),
            span_id=records.span_ids(),
            template=template,
            exception_type=exception_type,
            faults=faults,
            truncated=records.truncated,
            own=0,
            event={row: name for row, name in event.items() if tells_of_change(name)},
        )
        return _without_own(batch)


def decode_logs(resource_logs: Iterable[ResourceLogs], received_unix_nano: int, limits: DecodeLimits) -> LogBatch:
    """The columns of parsed messages."""
    body = ExportLogsServiceRequest(resource_logs=resource_logs).SerializeToString()
    return LogDecoder(limits).decode([Received(body, received_unix_nano)])


def weigh(request: ExportLogsServiceRequest, serialized: bytes) -> int:
    """How many records it stands for: `log_count` of the Collector's log_dedup, else one each.

    Walking attributes costs several times the rest, so the name is looked for in the bytes first.
    """
    parts = [part for group in request.resource_logs for part in group.scope_logs]
    if _WEIGHT.encode() not in serialized:
        return sum(len(part.log_records) for part in parts)
    return sum(_record_weight(record) for part in parts for record in part.log_records)


def _record_weight(record: LogRecord) -> int:
    return next((_weight(attribute) for attribute in record.attributes if attribute.key == _WEIGHT), 1)


def _weight(attribute: KeyValue) -> int:
    return min(max(attribute.value.int_value, 1), _MAX_WEIGHT)


def _without_own(batch: LogBatch) -> LogBatch:
    """Hypocenter's telemetry about itself is never analysed into a loop."""
    own = np.array([resource.own for resource in batch.resources], dtype=np.bool_)
    if not own.any():
        return batch
    rows = own[batch.resource]
    return replace(batch.chosen(~rows), own=int(batch.weight[rows].sum()))


def _rewritten(request: Received) -> Received:
    """As the parser writes it, without what no field of this version has."""
    parsed = ExportLogsServiceRequest.FromString(request.body)
    parsed.DiscardUnknownFields()
    return replace(request, body=parsed.SerializeToString())
