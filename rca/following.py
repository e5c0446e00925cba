"""Whose errors follow whose in the same traces: what logs tell of who waits for whom where there are no spans."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from analyzers.census import OTHER_SERVICE
from analyzers.erring import Erring, last
from analyzers.service import ServiceKey
from analyzers.summary import Summary

# Traces in which the one must come after the other, and of all traces of the one the share, to be believed.
_FEWEST, _MOSTLY = 4, 0.8


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
    """Ordered by service. Clocks that differ by more than an error takes to travel turn it round."""
    known = {key: seen.erring for key, seen in sorted(summary.services.items()) if seen.erring and key != OTHER_SERVICE}
    for service, first in sorted(_pairs(known)):
        one, other = known[service], known[first]
        # Both are complete up to there.
        least = min(last(one), last(other))
        marks = sorted(one)
        compared = marks[: bisect_right(marks, least)]
        traces = sum(1 for trace in compared if trace in other and other[trace] < one[trace])
        if traces >= max(_FEWEST, _MOSTLY * len(compared)):
            yield Following(service, first, traces, len(compared))


def _pairs(known: Mapping[ServiceKey, Erring]) -> set[tuple[ServiceKey, ServiceKey]]:
    """Those that have a trace in common."""
    services: dict[int, list[ServiceKey]] = {}
    for service, traces in known.items():
        for trace in traces:
            services.setdefault(trace, []).append(service)
    return {pair for found in services.values() for pair in permutations(found, 2)}
