"""A few records kept to show what a number means."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

# How many are kept of each thing.
KEPT = 3


@dataclass(frozen=True, slots=True, order=True)
class LogExemplar:
    """One log record as it was sent, cut to a readable length. Ordered by time first, so oldest come first."""

    time_unix_nano: int
    body: str
    severity: int
    pod: str
    scope: str
    trace_id: bytes
    span_id: bytes
    exception_type: str = ""


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


_Exemplar = TypeVar("_Exemplar", LogExemplar, SpanExemplar)


def keep_logs(*groups: Iterable[LogExemplar]) -> tuple[LogExemplar, ...]:
    """The first few of all, in any order of arrival the same."""
    return _first(sorted(chain.from_iterable(groups)))


def keep_spans(*groups: Iterable[SpanExemplar]) -> tuple[SpanExemplar, ...]:
    return _first(sorted(chain.from_iterable(groups)))


def _first(items: list[_Exemplar]) -> tuple[_Exemplar, ...]:
    """The first different ones of sorted `items`; hashing them all to tell would take longer than sorting."""
    first: list[_Exemplar] = []
    for item in items:
        if first and item == first[-1]:
            continue
        first.append(item)
        if len(first) == KEPT:
            break
    return tuple(first)
