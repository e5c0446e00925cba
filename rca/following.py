"""Whose errors follow whose in the same traces: what logs tell of who waits for whom where there are no spans."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from statistics import median_low

from analyzers.census import OTHER_SERVICE
from analyzers.erring import Erring, last
from analyzers.service import ServiceKey
from analyzers.summary import Summary

# Traces in which the one must come after the other, and of all traces of the one the share, to be believed.
_FEWEST, _MOSTLY = 4, 0.8
# How much later, in nanoseconds: who errs long after another had given up on it, or hung by itself.
_SOON = 2_000_000_000
# A trace that more services err in is none: an id that somebody made up, or always the same.
_CROWD = 20
# Others that are remembered of one service.
_FIRSTS = 3


@dataclass(frozen=True, slots=True)
class Following:
    """In `traces` of `of` traces in which `service` logged errors, `first` had logged one before."""

    service: ServiceKey
    first: ServiceKey
    traces: int
    of: int

    @property
    def share(self) -> float:
        return self.traces / self.of


def following(summary: Summary) -> Iterator[Following]:
    """Ordered by service, of each the surest few; none where anybody sends spans, which tell better. Clocks that differ
    by more than an error takes to travel turn it round."""
    if any(seen.spans for seen in summary.services.values()):
        return
    known = {
        key: seen.erring
        for key, seen in sorted(summary.services.items())
        if len(seen.erring) >= _FEWEST and key != OTHER_SERVICE
    }
    found: dict[ServiceKey, list[Following]] = {}
    for service, first in sorted(_pairs(known)):
        if (item := _compared(service, first, known)) is not None:
            found.setdefault(service, []).append(item)
    for items in found.values():
        yield from sorted(items, key=lambda item: (-item.share, -item.traces, item.first))[:_FIRSTS]


def _compared(service: ServiceKey, first: ServiceKey, known: Mapping[ServiceKey, Erring]) -> Following | None:
    one, other = known[service], known[first]
    marks = sorted(one)
    # Both are complete up to there.
    compared = marks[: bisect_right(marks, min(last(one), last(other)))]
    lags = [one[trace] - other[trace] for trace in compared if trace in other and other[trace] < one[trace]]
    if len(lags) < max(_FEWEST, _MOSTLY * len(compared)) or median_low(lags) > _SOON:
        return None
    return Following(service, first, len(lags), len(compared))


def _pairs(known: Mapping[ServiceKey, Erring]) -> Iterator[tuple[ServiceKey, ServiceKey]]:
    """Those that have enough traces in common."""
    services: dict[int, list[ServiceKey]] = {}
    for service, traces in known.items():
        for trace in traces:
            services.setdefault(trace, []).append(service)
    common = Counter(pair for found in services.values() if len(found) <= _CROWD for pair in permutations(found, 2))
    return (pair for pair, traces in common.items() if traces >= _FEWEST)
