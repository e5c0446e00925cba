"""The log records that are held, newest first: the few kept of each template, and those that the journal still has."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge

from analyzers.exemplar import LogExemplar
from analyzers.otlp.resources import NAME_LIMIT
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from server.api.backend import Backend
from server.api.filter import Filter, FilterField, Value, parse_filter, parse_number, parse_time
from server.api.paging import Position
from server.journal.raw_lines import RawLimits, RawLineReader, RawLines, RawQuery
from server.journal.raw_request import RawLine

# Each step of time keeps its own exemplars, so small steps find more of them; there are at most so many steps.
_STEP_NANOS = 60 * 1_000_000_000
_MOST_STEPS = 240
# Kept records are cut to that, so that more can't tell one from what the journal has of it.
_TOLD_APART = 500
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FoundLog:
    """One record, and the template it belongs to."""

    service: ServiceKey
    template_id: str
    template: str
    exemplar: LogExemplar
    # All that it was sent with, as text; empty for one of which little was kept.
    attributes: tuple[tuple[str, str], ...] = ()


def position(log: FoundLog) -> Position:
    """Newest first; the digest tells records of the same time apart."""
    record = log.exemplar
    body = record.body[:_TOLD_APART]
    parts = (str(log.service), body, record.pod, record.scope, record.exception_type)
    text = "\x1f".join((*parts, str(record.severity), record.trace_id.hex(), record.span_id.hex()))
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return (-record.time_unix_nano, digest)


def log_filter(text: str) -> Filter[FoundLog]:
    """Raises `InvalidInputError`."""
    return parse_filter(text, _FIELDS)


def search_logs(backend: Backend, query: str, conditions: Filter[FoundLog], until: int | None) -> Iterator[FoundLog]:
    """Those that hold every word of `query` in body or template, in order of position, from `until` (inclusive) back.

    Read step by step, so that a page costs no more than it needs.
    """
    words = query.casefold().split()
    held_start, held_end = backend.held()
    low, high = conditions.bounds("time")
    start, end = max(low, held_start), min(high, held_end)
    step = _STEP_NANOS * max(1, -(-(end - start) // (_STEP_NANOS * _MOST_STEPS)))
    top = end if until is None else min(end, until + 1)
    while top > start:
        # Steps lie on whole multiples: a page must find the same records as the one before it, and buckets stay whole.
        begin = (top - 1) // step * step
        summary = backend.summary(max(begin, held_start), min(begin + step, held_end))
        if summary is not None:
            found = (log for log in _logs(summary) if begin <= log.exemplar.time_unix_nano < begin + step)
            matching = (log for log in found if _holds(log, words) and conditions.matches(log))
            yield from sorted(matching, key=position)
        top = begin


def raw_logs(
    reader: RawLineReader,
    query: str,
    conditions: Filter[FoundLog],
    until: int | None,
    wanted: Callable[[FoundLog], bool],
    most: int,
) -> RawLines:
    """The first `most` in order of position of what the journal has, as `search_logs` would give them, of those that
    are `wanted`."""
    low, high = conditions.bounds("time")
    raw = RawQuery(
        start_unix_nano=low,
        end_unix_nano=high if until is None else min(high, until + 1),
        service=str(conditions.equal("service_name") or ""),
        trace_id=_bytes_of(conditions.equal("trace_id")),
        template_id=str(conditions.equal("template_id") or ""),
        words=tuple(query.casefold().split()),
    )

    def accepts(line: RawLine) -> bool:
        log = found_log(line)
        return conditions.matches(log) and wanted(log)

    def order(line: RawLine) -> tuple[int, str]:
        digest = position(found_log(line))[1]
        return (-line.time_unix_nano, str(digest))

    return reader.find(raw, RawLimits(lines=most, seconds=_SECONDS), accepts, order)


def found_log(line: RawLine) -> FoundLog:
    exception = next((value for key, value in line.attributes if key == "exception.type"), "")
    exemplar = LogExemplar(
        time_unix_nano=line.time_unix_nano,
        trace_id=line.trace_id,
        span_id=line.span_id,
        body=line.body,
        severity=line.severity,
        pod=line.pod,
        scope=line.scope,
        exception_type=exception[:NAME_LIMIT],
    )
    return FoundLog(line.service, line.template.template_id, line.template.text, exemplar, line.attributes)


def together(raw: Iterator[FoundLog], kept: Iterator[FoundLog]) -> Iterator[FoundLog]:
    """Both, in order of position; what is in both is taken as the journal has it."""
    last: Position | None = None
    for log in merge(raw, kept, key=position):
        place = position(log)
        if place != last:
            yield log
        last = place


def _bytes_of(trace_id: Value | None) -> bytes:
    try:
        return bytes.fromhex(str(trace_id or ""))
    except ValueError:
        # No record has such a one, as the filter itself will find.
        return b""


def _logs(summary: Summary) -> Iterator[FoundLog]:
    for service, seen in summary.services.items():
        for template_id, count in seen.templates.items():
            for exemplar in count.exemplars:
                yield FoundLog(service, template_id, count.text, exemplar)


def _holds(log: FoundLog, words: list[str]) -> bool:
    body, template = log.exemplar.body.casefold(), log.template.casefold()
    return all(word in body or word in template for word in words)


_FIELDS: tuple[FilterField[FoundLog], ...] = (
    FilterField("service_name", lambda log: (log.service.name, str(log.service))),
    FilterField("template_id", lambda log: (log.template_id,)),
    FilterField("trace_id", lambda log: (log.exemplar.trace_id.hex(),), str.lower),
    FilterField("pod_name", lambda log: (log.exemplar.pod,)),
    FilterField("time", lambda log: (log.exemplar.time_unix_nano,), parse_time, ordered=True),
    FilterField("severity_number", lambda log: (log.exemplar.severity,), parse_number, ordered=True),
)
