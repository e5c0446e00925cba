"""Latency distributions that can be added up."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import Int64

# Relative width of a bin; quantiles are right to about 5 %.
_GAMMA = 1.1
LOG_GAMMA = math.log(_GAMMA)


@dataclass(slots=True)
class Sketch:
    """Counts of durations in logarithmic bins, in the manner of DDSketch (Masson, Rim, Lee; VLDB 2019).

    Only integers are kept, so a + b in any order gives the same. Durations are nanoseconds; those under 1 ns count as
    1 ns.
    """

    bins: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def add(self, duration: int, weight: int = 1) -> None:
        index = _index(duration)
        self.bins[index] = self.bins.get(index, 0) + weight
        self.count += weight

    def add_bins(self, indices: Iterable[int], weights: Iterable[int]) -> None:
        """Add what was put into bins already; see `bins_of`."""
        bins = self.bins
        for index, weight in zip(indices, weights, strict=True):
            bins[index] = bins.get(index, 0) + weight
            self.count += weight

    def merge(self, other: "Sketch") -> None:
        bins = self.bins
        if bins:
            for index, weight in other.bins.items():
                bins[index] = bins.get(index, 0) + weight
        else:
            bins.update(other.bins)
        self.count += other.count

    def without_slowest(self, number: int) -> "Sketch":
        """The same but for so many of the longest."""
        bins = {}
        for index, weight in sorted(self.bins.items(), reverse=True):
            gone = min(number, weight)
            number -= gone
            if weight > gone:
                bins[index] = weight - gone
        return Sketch(bins, sum(bins.values()))

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
            yield (index - 0.5) * LOG_GAMMA, weight

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


def bins_of(durations: Int64) -> Int64:
    """The bin of each duration, the same that `Sketch.add` puts it into."""
    # Whether a logarithm is rounded up or down differs between libraries; next to a border the border itself decides.
    guess = np.ceil(np.log(np.maximum(durations, 1)) / LOG_GAMMA).astype(np.int64)
    return guess + (durations > _LARGEST[guess + 1]) - (durations <= _LARGEST[guess])


def _index(duration: int) -> int:
    return math.ceil(math.log(duration) / LOG_GAMMA) if duration > 1 else 0


def _largest(index: int) -> int:
    """The largest duration that belongs into that bin or one below."""
    low, high = 1, 2**63 - 1
    if _index(high) <= index:
        return high
    near = int(math.exp(index * LOG_GAMMA))
    slack = 2 + (near >> 40)
    low, high = max(low, near - slack), min(high, near + slack)
    while high - low > 1:
        middle = (low + high) // 2
        if _index(middle) <= index:
            low = middle
        else:
            high = middle
    return low


# From the bin before the first on, so that every bin has one below it; in that one is nothing.
_LARGEST = np.array([-(2**63), *map(_largest, range(_index(2**63 - 1) + 1))], dtype=np.int64)


def _middle(index: int) -> float:
    return math.exp((index - 0.5) * LOG_GAMMA)
