"""Whether a series of measurements stays where it is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from tests.benchmarks.measure import Spread

# Growth, as a share of what there was, that nobody would call growth.
_NOTHING = 0.02


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` per minute: the median of the slopes between every two minutes, with their quartiles."""

    start: float
    slope: Spread
    minutes: float

    @classmethod
    def of(cls, minutes: Sequence[float]) -> "Trend":
        """`minutes` are one value a minute, at least one."""
        slopes = sorted((later - earlier) / (b - a) for (a, earlier), (b, later) in combinations(enumerate(minutes), 2))
        if len(slopes) < 2:
            only = slopes[0] if slopes else 0.0
            return cls(minutes[0], Spread(only, only, only), len(minutes) - 1)
        low, median, high = statistics.quantiles(slopes, n=4, method="inclusive")
        return cls(minutes[0], Spread(median, low, high), len(minutes) - 1)

    @property
    def grown(self) -> float:
        """By the median slope over the whole time, as a share of the start."""
        return self.slope.median * self.minutes / self.start

    @property
    def flat(self) -> bool:
        """Not clearly rising, or by next to nothing."""
        return self.slope.low <= 0 or self.grown <= _NOTHING


def by_minute(samples: Sequence[float], every_seconds: float, minute_seconds: float = 60.0) -> list[float]:
    """Medians of the samples of each minute; of a last part of a minute only where there is nothing else."""
    size = max(1, round(minute_seconds / every_seconds))
    parts = [samples[at : at + size] for at in range(0, len(samples), size)]
    if len(parts) > 1 and len(parts[-1]) < size:
        parts.pop()
    return [statistics.median(part) for part in parts]
