"""Latency distributions that can be added up."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Relative width of a bin; quantiles are right to about 5 %.
_GAMMA = 1.1
_LOG_GAMMA = math.log(_GAMMA)


@dataclass(slots=True)
class Sketch:
    """Counts of durations in logarithmic bins, in the manner of DDSketch (Masson, Rim, Lee; VLDB 2019).

    Only integers are kept, so a + b in any order gives the same. Durations are nanoseconds; those under 1 ns count as
    1 ns.
    """

    bins: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def add(self, duration: int, weight: int = 1) -> None:
        index = math.ceil(math.log(duration) / _LOG_GAMMA) if duration > 1 else 0
        self.bins[index] = self.bins.get(index, 0) + weight
        self.count += weight

    def merge(self, other: "Sketch") -> None:
        bins = self.bins
        for index, weight in other.bins.items():
            bins[index] = bins.get(index, 0) + weight
        self.count += other.count

    def quantile(self, share: float) -> float:
        """The duration below which `share` of all lie, in nanoseconds; 0 when empty."""
        if not self.count:
            return 0.0
        rank = max(1, math.ceil(share * self.count))
        for index, weight in sorted(self.bins.items()):
            rank -= weight
            if rank <= 0:
                return float(_middle(index))
        return float(_middle(max(self.bins)))

    def logs(self) -> Iterator[tuple[float, int]]:
        """(natural logarithm of the duration, how many), by bin, ascending."""
        for index, weight in sorted(self.bins.items()):
            yield (index - 0.5) * _LOG_GAMMA, weight

    def log_mean(self) -> float:
        """Mean natural logarithm of the durations; 0 when empty."""
        return sum(value * weight for value, weight in self.logs()) / self.count if self.count else 0.0

    def log_variance(self) -> float:
        """Variance of the natural logarithm of the durations; 0 with fewer than two."""
        if self.count < 2:
            return 0.0
        mean = self.log_mean()
        return sum(weight * (value - mean) ** 2 for value, weight in self.logs()) / (self.count - 1)

    def total(self) -> float:
        """Sum of the durations in nanoseconds, as exact as the bins are."""
        return sum(_middle(index) * weight for index, weight in self.bins.items())

    @staticmethod
    def of(durations: Iterable[int]) -> "Sketch":
        sketch = Sketch()
        for duration in durations:
            sketch.add(duration)
        return sketch


def _middle(index: int) -> float:
    return math.exp((index - 0.5) * _LOG_GAMMA)
