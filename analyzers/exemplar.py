"""A few records kept to show what a number means."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from itertools import chain

# How many are kept of each thing.
KEPT = 3
# Severity number from which on a record speaks of trouble.
WARN = 13


@dataclass(frozen=True, slots=True, order=True)
class LogExemplar:
    """One log record as it was sent, cut to a readable length. Ordered by time first, so oldest come first;
    then by ids, which are random."""

    time_unix_nano: int
    trace_id: bytes
    span_id: bytes
    body: str
    severity: int
    pod: str
    scope: str
    exception_type: str = ""


_SETTERS = [getattr(LogExemplar, field.name).__set__ for field in fields(LogExemplar)]


def log_exemplars(count: int, *columns: Iterable[object]) -> list[LogExemplar]:
    """`count` of them from columns in the order of the fields: a frozen object is filled through its constructor in
    twice the time."""
    made = [LogExemplar.__new__(LogExemplar) for _ in range(count)]
    for fill, column in zip(_SETTERS, columns, strict=True):
        deque(map(fill, made, column), maxlen=0)
    return made


@dataclass(frozen=True, slots=True, order=True)
class SpanExemplar:
    """One span. Ordered by duration, longest first (kept negative for that), so the slowest come first."""

    negative_duration: int
    end_unix_nano: int
    trace_id: bytes
    span_id: bytes
    pod: str

    @property
    def duration(self) -> int:
        return -self.negative_duration


def keep_logs(*groups: Iterable[LogExemplar]) -> tuple[LogExemplar, ...]:
    """The first few of all, in any order of arrival the same; of those that are no trouble the first alone."""
    items = list(chain.from_iterable(groups))
    if len(items) < 2:
        return tuple(items)
    first: list[LogExemplar] = []
    calm = False
    for item in sorted(items):
        if item.severity < WARN:
            if calm:
                continue
            calm = True
        elif first and item == first[-1]:
            continue
        first.append(item)
        if len(first) == KEPT:
            break
    return tuple(first)


def keep_spans(*groups: Iterable[SpanExemplar]) -> tuple[SpanExemplar, ...]:
    """The first few different ones of all, in any order of arrival the same."""
    items = list(chain.from_iterable(groups))
    if len(items) < 2:
        return tuple(items)
    first: list[SpanExemplar] = []
    for item in sorted(items):
        if first and item == first[-1]:
            continue
        first.append(item)
        if len(first) == KEPT:
            break
    return tuple(first)


def repeated(exemplars: Collection[SpanExemplar]) -> float:
    """How many of them there are for each request that they belong to: one that is tried again fails again."""
    return len(exemplars) / max(1, len({item.trace_id for item in exemplars}))
