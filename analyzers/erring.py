"""Of which traces services logged errors, and each when first: a sample of traces that is the same for all services, so
that they can be compared though each is added up by itself.

A trace is in the sample of a service if its mark, a number that follows from its id, is among the smallest of those the
service logged errors of (bottom-k sketch; Cohen and Kaplan, PODC 2007). So of two services both samples are complete
up to the smaller of their largest marks. Like counts, samples can be added in any order.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from analyzers.columns import Int64, LogBatch, UInt64
from analyzers.service import ServiceKey

# Marks of traces, and nanoseconds of event time.
Erring: TypeAlias = dict[int, int]

# Traces kept.
MOST = 32
_ERROR = 17
# Odd, so that different ids have different marks; 2**64 by the golden ratio (Knuth, volume 3, 6.4).
_SPREAD = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


def mark(trace_id: bytes) -> int:
    """Of a trace: its last eight bytes, which are random where any are, spread."""
    return int.from_bytes(trace_id[8:], "little") * _SPREAD & _WORD


def last(sample: Erring) -> int:
    """The mark up to which it is complete."""
    return max(sample) if len(sample) >= MOST else _WORD


def erring(batch: LogBatch, rows: Int64, known: Callable[[ServiceKey], Erring]) -> Iterator[tuple[ServiceKey, Erring]]:
    """What these rows add to the samples that are `known`, by service."""
    words: UInt64 = batch.trace_id[:, 1]
    chosen = rows[(batch.severity.take(rows) >= _ERROR) & (words.take(rows) != 0)]
    if not len(chosen):
        return
    marks = words.take(chosen) * np.uint64(_SPREAD)
    numbers: dict[ServiceKey, int] = {}
    of_resource = np.array([numbers.setdefault(item.service, len(numbers)) for item in batch.resources])
    services = list(numbers)
    times, service = batch.time_unix_nano.take(chosen), of_resource.take(batch.resource.take(chosen))
    # In a flood of errors nearly all are beyond that.
    limits = np.array([last(known(key)) for key in services], dtype=np.uint64)
    within = np.flatnonzero(marks <= limits.take(service))
    marks, times, service = marks.take(within), times.take(within), service.take(within)
    order = np.lexsort((times, marks, service))
    marks, times, service = marks.take(order), times.take(order), service.take(order)
    # The first of each trace of each service, which is its earliest.
    new = np.flatnonzero(np.r_[True, (np.diff(marks) != 0) | (np.diff(service) != 0)][: len(order)])
    marks, times, service = marks.take(new), times.take(new), service.take(new)
    for number, start in zip(*(item.tolist() for item in np.unique(service, return_index=True)), strict=True):
        end = min(start + MOST, int(np.searchsorted(service, number, side="right")))
        yield services[number], dict(zip(marks[start:end].tolist(), times[start:end].tolist(), strict=True))


def added(one: Erring, other: Mapping[int, int]) -> Erring:
    """Both together."""
    if not other:
        return one
    found = dict(one)
    for trace, time in other.items():
        found[trace] = min(time, found.get(trace, time))
    return {trace: found[trace] for trace in sorted(found)[:MOST]}
