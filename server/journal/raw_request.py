"""The log records of one journalled request that somebody looks for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.columns import Int64
from analyzers.otlp.body import body_text
from analyzers.otlp.ids import SPAN_ID, TRACE_ID
from analyzers.otlp.resources import NAME_LIMIT, decode_resource, text
from analyzers.otlp.severities import MAX_SEVERITY, by_text
from analyzers.otlp.times import DecodeLimits, settle_times
from analyzers.service import UNKNOWN_SERVICE, Resource, ServiceKey
from analyzers.templates import EMPTY, Template, template_of
from analyzers.templates.masking import mask, outline

_TEMPLATE = "log.record.template"
_TEMPLATE_CHARS = 1024
# Characters of one attribute's value.
_ATTRIBUTE_CHARS = 1024
# Outlines of up to 1024 characters.
_MOST_SHAPES = 20_000
# Stands in the bytes of a request as it stands in a text made of them: not a number, nor what numbers and truths are
# written as, nor more than one word of a structured body.
_PLAIN_WORD = re.compile(r"(?=.*[a-z])[a-z0-9]{2,}")
_WRITTEN = frozenset({"true", "false", "null", "nan", "infinity", "bytes"})


@dataclass(frozen=True, slots=True)
class RawLine:
    """One record; what it was sent with, cut only where it is longer than anybody reads."""

    service: ServiceKey
    pod: str
    scope: str
    # The event time, as it was counted.
    time_unix_nano: int
    severity: int
    body: str
    trace_id: bytes
    span_id: bytes
    template: Template
    record: LogRecord

    @property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        """Key and value as text."""
        return tuple(
            (attribute.key, body_text(attribute.value, 2, _ATTRIBUTE_CHARS)[:_ATTRIBUTE_CHARS])
            for attribute in self.record.attributes
        )


class Shapes:
    """Templates of bodies; remembers some, since masking takes longer than all the rest. For one thread."""

    def __init__(self) -> None:
        self._known: dict[str, Template] = {}

    def templates(self, bodies: Sequence[str]) -> list[Template]:
        """One for each body."""
        outlines = outline(pa.array(bodies, type=pa.string()))
        distinct: list[str] = outlines.dictionary.to_pylist()
        if len(self._known) > _MOST_SHAPES:
            self._known = {}
        unknown = [item for item in distinct if item not in self._known]
        if unknown:
            shapes = zip(unknown, mask(unknown), strict=True)
            self._known |= {item: template_of(shape or EMPTY) for item, shape in shapes}
        return [self._known[distinct[code]] for code in outlines.indices.to_pylist()]


@dataclass(frozen=True, slots=True)
class _Candidate:
    record: LogRecord
    resource: Resource
    scope: str
    time_unix_nano: int
    body: str


class RawRequest:
    """The uncompressed bytes of an ExportLogsServiceRequest, parsed once something in it is asked for.

    Not by the decoder that counts, which is made for many requests at a time: here it is one after the other, and for
    small ones it takes several times as long. What both read is the same, or lines would be found twice.
    """

    def __init__(self, body: bytes, received_unix_nano: int, limits: DecodeLimits, shapes: Shapes) -> None:
        self._body = body
        self._shapes = shapes
        self._received = received_unix_nano
        self._limits = limits
        # Whether some record that was returned has no time of its own; such ones may be equal and still be two.
        self.timeless = False

    def may_hold(self, service: str, trace_id: bytes, words: Sequence[str]) -> bool:
        """Whether it is worth parsing: a look at the bytes that takes a tenth of that."""
        name = service.rpartition("/")[2]
        # A name that is a number or a truth may have been sent as one.
        literal = name not in ("", UNKNOWN_SERVICE, "true", "false") and not name.lstrip("-").isdigit()
        if (literal and name.encode() not in self._body) or trace_id not in self._body:
            return False
        plain = [word.encode() for word in words if _PLAIN_WORD.fullmatch(word) and word not in _WRITTEN]
        if not plain:
            return True
        folded = self._body.lower()
        return all(word in folded for word in plain)

    def lines(
        self, service: str, times: tuple[int, int], trace_id: bytes, template_id: str, words: Sequence[str]
    ) -> list[RawLine]:
        """Those to which all that is set applies, in the order sent; `times` from (inclusive) to (exclusive)."""
        candidates = list(self._candidates(service, times, trace_id))
        if not candidates:
            return []
        templates = self._templates(candidates)
        found = []
        for candidate, template in zip(candidates, templates, strict=True):
            if template_id and template.template_id != template_id:
                continue
            if words and not _holds(candidate.body, template.text, words):
                continue
            found.append(_line(candidate, template))
            self.timeless = self.timeless or candidate.record.time_unix_nano != candidate.time_unix_nano
        return found

    def _candidates(self, service: str, times: tuple[int, int], trace_id: bytes) -> Iterator[_Candidate]:
        for group in ExportLogsServiceRequest.FromString(self._body).resource_logs:
            resource = decode_resource(group.resource)
            if resource.own or (service and service not in (resource.service.name, str(resource.service))):
                continue
            for part in group.scope_logs:
                scope = part.scope.name[:NAME_LIMIT]
                records = part.log_records
                for record, at in zip(records, self._times(records), strict=True):
                    if not times[0] <= at < times[1] or (trace_id and _id(record.trace_id, TRACE_ID) != trace_id):
                        continue
                    body = body_text(record.body, self._limits.depth, self._limits.body_chars)
                    yield _Candidate(record, resource, scope, at, body[: self._limits.body_chars])

    def _times(self, records: Sequence[LogRecord]) -> list[int]:
        preferred = _wire_times([record.time_unix_nano for record in records])
        observed = _wire_times([record.observed_time_unix_nano for record in records])
        received = np.full(len(preferred), self._received, dtype=np.int64)
        times, _ = settle_times(preferred, observed, received, self._limits)
        settled: list[int] = times.tolist()
        return settled

    def _templates(self, candidates: Sequence[_Candidate]) -> list[Template]:
        templates = self._shapes.templates([candidate.body for candidate in candidates])
        if _TEMPLATE.encode() in self._body:
            for row, candidate in enumerate(candidates):
                sent = [item for item in candidate.record.attributes if item.key == _TEMPLATE]
                # Said twice, the last one counts.
                if sent and (shape := text(sent[-1], _TEMPLATE_CHARS)):
                    templates[row] = template_of(shape)
        return templates


def _wire_times(values: list[int]) -> Int64:
    """What is beyond int64 is no time; -1 here."""
    return np.maximum(np.array(values, dtype=np.uint64).view(np.int64), -1)


def _id(sent: bytes, size: int) -> bytes:
    """Nothing where it is none: of another length, or all zero."""
    return sent if len(sent) == size and any(sent) else b""


def _holds(body: str, template: str, words: Sequence[str]) -> bool:
    body, template = body.casefold(), template.casefold()
    return all(word in body or word in template for word in words)


def _line(candidate: _Candidate, template: Template) -> RawLine:
    record = candidate.record
    return RawLine(
        service=candidate.resource.service,
        pod=candidate.resource.pod,
        scope=candidate.scope,
        time_unix_nano=candidate.time_unix_nano,
        severity=min(max(record.severity_number, 0), MAX_SEVERITY) or by_text(record.severity_text),
        body=candidate.body,
        trace_id=_id(record.trace_id, TRACE_ID),
        span_id=_id(record.span_id, SPAN_ID),
        template=template,
        record=record,
    )
