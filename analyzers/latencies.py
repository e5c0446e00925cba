"""How long something normally takes, and how surprising other durations are."""

import math
from dataclasses import dataclass

from analyzers.sketch import Sketch
from analyzers.surprises import missed, standard

# Standard deviation of bucket means of log durations (their level drifts, however many calls there are), and how
# many buckets it takes to believe another: what was watched for a minute has not shown yet how it drifts.
_PRIOR_DRIFT = 0.2
_PRIOR_BUCKETS = 12.0
# Nothing is taken to be steadier than this.
_LEAST_DRIFT = 0.05
# One bucket counts for no more: the first moments of a failure, learned unawares, must not make it look normal.
_MOST_RESIDUAL = 12.0
# Variance of log durations assumed before any is known, and how many observations that is worth.
_PRIOR_VARIANCE = 0.4
_PRIOR_COUNT = 5.0
# No single call counts for more than this many standard deviations: one pause is not a slow operation.
_INFLUENCE = 4.0
# Share of the calls of a bucket that must be far out, in how many buckets, and standard deviations that this counts for
# at the most: a burst passes.
_MANY, _LASTS, _HELD = 0.05, 3, 3.5
# Standard deviation of log durations below which nothing is taken to be as regular as it looks.
_LEAST_SPREAD = 0.3


@dataclass(slots=True)
class Latency:
    """Log durations: their mean, the variance of calls within a bucket, and the drift of bucket means beyond it."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    # Sum of what bucket means departed by, squared, beyond what so few calls do by chance; weighted by how exactly
    # each is known, as `buckets` is.
    drifts: float = 0.0
    buckets: float = 0.0
    # Buckets with calls, and those of them in which many were far out. Not in checkpoints of older versions.
    timed: float = 0.0
    slow: float = 0.0

    def learn(self, sketch: Sketch, slow: int = 0) -> None:
        """From one bucket; `slow` is 1 where many calls were far out in it."""
        if not sketch.count:
            return
        self.timed += 1
        self.slow += slow
        reach = self._reach if self.count > 0 else math.inf
        low, high = self.mean - reach, self.mean + reach
        # As far out as it can surprise, and no further: what may be the beginning of a failure is not normal yet.
        logs = [(max(low, min(high, value)), weight) for value, weight in sketch.logs()]
        total = sum(value * weight for value, weight in logs)
        squares = sum(value * value * weight for value, weight in logs)
        if self.count > 0:
            chance = self.variance * (1 / sketch.count + 1 / self.count)
            drift = self.drift
            departed = min((total / sketch.count - self.mean) ** 2, _MOST_RESIDUAL * (drift + chance)) - chance
            known = drift / (drift + chance)
            self.drifts += known * departed
            self.buckets += known
        self.count += sketch.count
        self.total += total
        self.squares += squares

    def fade(self, factor: float) -> None:
        self.count *= factor
        self.total *= factor
        self.squares *= factor
        self.drifts *= factor
        self.buckets *= factor
        self.timed *= factor
        self.slow *= factor

    @property
    def mean(self) -> float:
        """Mean natural logarithm of the duration in nanoseconds; 0 when nothing is known."""
        return self.total / self.count if self.count > 0 else 0.0

    @property
    def variance(self) -> float:
        if self.count <= 0:
            return _PRIOR_VARIANCE
        within = max(0.0, self.squares - self.count * self.mean**2)
        return (within + _PRIOR_COUNT * _PRIOR_VARIANCE) / (self.count + _PRIOR_COUNT)

    @property
    def _spread(self) -> float:
        """Standard deviation of log durations, as far as one call may be judged by it."""
        return max(math.sqrt(self.variance), _LEAST_SPREAD)

    @property
    def _reach(self) -> float:
        return _INFLUENCE * self._spread

    @property
    def drift(self) -> float:
        """Variance of bucket means beyond what the number of their calls explains."""
        known = self.drifts + _PRIOR_BUCKETS * _PRIOR_DRIFT**2
        return max(_LEAST_DRIFT**2, known / (self.buckets + _PRIOR_BUCKETS))

    @property
    def typical(self) -> float:
        """Geometric mean, in nanoseconds; 0 when nothing is known."""
        return math.exp(self.mean) if self.count > 0 else 0.0

    def surprise(self, sketch: Sketch, tolerance: float, least: float = 1.0) -> float:
        """Signed standard deviations of the mean log duration from normal; 0 when nothing is known or seen. What takes
        less than `least` nanoseconds counts as that.

        A change of up to `tolerance` (a share: 0.1 is ten percent) in either direction is no change. The mean is a
        winsorised one (Huber, Robust Statistics, 1981), so n calls are at most 4 sqrt(n) deviations surprising.
        """
        if self.count <= 0 or not sketch.count:
            return 0.0
        reach, floor = self._reach, math.log(max(1.0, least))
        mean = max(self.mean, floor)
        shift = (
            sum(max(-reach, min(reach, max(value, floor) - mean)) * weight for value, weight in sketch.logs())
            / sketch.count
        )
        margin = math.log1p(tolerance)
        if abs(shift) <= margin:
            return 0.0
        shift -= math.copysign(margin, shift)
        error = math.sqrt(self.drift + self._spread**2 * (1 / sketch.count + 1 / self.count))
        return standard(shift / error, self.buckets + _PRIOR_BUCKETS)

    def far_out(self, sketch: Sketch, least: float = 1.0) -> bool:
        """Whether more than a few calls of a bucket took longer than any single one counts for."""
        if self.count <= 0 or not sketch.count:
            return False
        border = max(self.mean, math.log(max(1.0, least))) + self._reach
        return sum(weight for value, weight in sketch.logs() if value > border) >= _MANY * sketch.count

    def lasting(self, slow: int, timed: int) -> float:
        """Standard deviations by which buckets with calls far out, `slow` of `timed`, are more than usual; 0 where they
        are too few for it to last, and in a window never more than a finding that has to come again."""
        if slow < _LASTS or self.timed <= 0:
            return 0.0
        most = _HELD * math.sqrt(max(timed, _LASTS) / _LASTS)
        return min(most, standard(missed(slow, timed, min(self.slow, self.timed), self.timed), self.timed))
