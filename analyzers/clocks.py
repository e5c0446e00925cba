"""What comes by the clock: by the second, and at what intervals."""

from dataclasses import dataclass

from analyzers.rates import Rate
from analyzers.surprises import standard

# How much intervals may vary, as a share of the mean, squared: it is 1 for what comes at random. At the most, and for
# each interval that is known beyond a few: of fewer, one in 2,000 random ones looks as even as that.
_REGULAR, _PROVEN, _FEW = 0.25, 0.0075, 2.5
# Intervals that vary so much which are taken to be known beside the others.
_PRIOR = 2.0
# Buckets that an interval must last to be told, and intervals without any after which it is not run any more.
_SELDOM, _OVER = 2.0, 3.0


@dataclass(slots=True)
class Clock(Rate):
    """Counts per second. Their intervals go from one bucket with any to the next, in seconds; none of it is in
    checkpoints of older versions."""

    since: float = 0.0
    intervals: float = 0.0
    length: float = 0.0
    squares: float = 0.0

    def learn(self, count: float, exposure: float, estimated: bool = False, beyond: float = 0.0) -> None:
        known = self.count > 0
        Rate.learn(self, count, exposure, estimated, beyond)
        self.since += exposure
        if count > 0:
            if known:
                self.intervals += 1
                self.length += self.since
                self.squares += self.since**2
            self.since = 0.0

    def fade(self, factor: float) -> None:
        Rate.fade(self, factor)
        self.intervals *= factor
        self.length *= factor
        self.squares *= factor

    @property
    def interval(self) -> float:
        """Mean, in seconds; 0 where none is known."""
        return self.length / self.intervals if self.intervals > 0 else 0.0

    @property
    def regular(self) -> bool:
        """Whether it comes now and then, and at even intervals, as far as is known."""
        if self.intervals <= _FEW or self.since > _OVER * self.interval:
            return False
        if self.interval * self.buckets < _SELDOM * self.exposure:
            return False
        return self._variation <= min(_REGULAR, _PROVEN * (self.intervals - _FEW)) * self.intervals * self.interval**2

    @property
    def _variation(self) -> float:
        """Sum of the squares by which intervals depart from their mean, in seconds squared."""
        return max(0.0, self.squares - self.intervals * self.interval**2)

    def overdue(self, silence: float) -> float:
        """Standard deviations, negative, by which so many seconds without any are longer than its intervals; 0 for
        what does not come at even ones.

        Of a renewal process far fewer are missing by chance than of what comes as often at random (Cox, Renewal Theory,
        1962).
        """
        if not self.regular or silence <= self.interval:
            return 0.0
        variance = (self._variation + _PRIOR * _REGULAR * self.interval**2) / (self.intervals + _PRIOR)
        return -standard((silence - self.interval) / variance**0.5, self.intervals)
