"""The log records that are held: the few kept of each template, newest first."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from server.api.backend import Backend
from server.api.filter import Filter, FilterField, parse_filter, parse_number, parse_time
from server.api.paging import Position

# Each step of time keeps its own exemplars, so small steps find more of them; there are at most so many steps.
_STEP_NANOS = 60 * 1_000_000_000
_MOST_STEPS = 240


@dataclass(frozen=True, slots=True)
class FoundLog:
    """One record, and the template it belongs to."""

    service: ServiceKey
    template_id: str
    template: str
    exemplar: LogExemplar


def position(log: FoundLog) -> Position:
    """Newest first; the digest tells records of the same time apart."""
    record = log.exemplar
    parts = (str(log.service), log.template_id, record.body, record.pod, record.scope, record.exception_type)
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
