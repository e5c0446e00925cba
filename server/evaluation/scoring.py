"""Ranks to numbers: AC@k and MRR with ties scored as expected values, and how sure one can be of them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rca.diagnosis import RootCause
from rca.incident import Incident

DEPTHS = (1, 3, 5)
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Rank:
    """Where the true service stands: behind `better` others, tied with `tied` others. None of it when not ranked."""

    better: int
    tied: int
    # That what is asked of it beyond standing there is right, when ties are broken at random.
    chance: float = 1.0

    def accuracy(self, depth: int) -> float:
        """The chance that it is among the first `depth` when ties are broken at random."""
        return self.chance * min(1.0, max(0.0, (depth - self.better) / (self.tied + 1)))

    @property
    def reciprocal(self) -> float:
        """The expected reciprocal rank under random tie-breaking."""
        ranks = range(self.better + 1, self.better + self.tied + 2)
        return self.chance * sum(1 / rank for rank in ranks) / len(ranks)

    @property
    def expected(self) -> float:
        return self.better + 1 + self.tied / 2


def rank_of(causes: Sequence[RootCause], true: Collection[str]) -> Rank | None:
    """The rank of the best placed of the true services; None when none of them is a candidate."""
    scores = [round(cause.score, 9) for cause in causes if cause.service.name in true]
    if not scores:
        return None
    best = max(scores)
    others = [round(cause.score, 9) for cause in causes if cause.service.name not in true]
    return Rank(sum(score > best for score in others), sum(score == best for score in others))


def told_at(incident: Incident, since: int) -> int:
    """When somebody was told of it, not before `since`: it was opened, or else it came back, of which only the last
    time is known. 0 when nobody was."""
    return next((when for when in (incident.create_unix_nano, incident.reopen_unix_nano) if when >= since), 0)


@dataclass(frozen=True, slots=True)
class OnlineScore:
    """`detected` needs an incident that was opened, or came back, at or after the injection, as far as that is known;
    `delay` is in seconds of event time, less than 0 for one that was opened within the uncertainty before."""

    detected: bool
    delay: float | None
    incidents: int
    false_alarms: int
    # Event time without a fault, in hours.
    quiet_hours: float
    rank: Rank | None
    # How many incidents there should be.
    failures: int = 1
    # Seconds of event time recorded from the injection on.
    recorded: float = math.inf
    # Whether what detected it had been opened before, for which it counts as a false alarm as well.
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A mean of values in 0..1 with its 95 % interval (Wilson, JASA 1927; exact enough for expected values)."""

    value: float
    low: float
    high: float
    count: int


def share(values: Sequence[float]) -> Share:
    count = len(values)
    if not count:
        return Share(math.nan, math.nan, math.nan, 0)
    mean = sum(values) / count
    centre = (mean + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(max(0.0, mean * (1 - mean)) / count + _Z**2 / (4 * count**2))
    return Share(mean, max(0.0, centre - half), min(1.0, centre + half), count)


def false_alarm_bound(alarms: int, hours: float) -> float:
    """Upper 95 % bound of a Poisson rate per hour, by the Wilson-Hilferty approximation of the exact one."""
    if hours <= 0:
        return math.inf
    events = alarms + 1
    bound = events * (1 - 1 / (9 * events) + 1.644854 / (3 * math.sqrt(events))) ** 3
    return bound / hours
