"""How much work comes in, and when."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from server.config import SECOND
from server.evaluation.simulation.topology import Duration, Written

Positive = Annotated[Duration, Field(gt=0)]


class Change(Written):
    """From `at` on (and for `for`, else to the end) this many times the load, reached within `over`."""

    at: Duration
    times: float = Field(ge=0, le=100)
    lasts: Duration | None = Field(default=None, alias="for")
    over: Duration = 0
    # Of this entry alone: users ask for other things than before.
    entry: str = ""


class Daily(Written):
    """A sine: from 1 - amplitude to 1 + amplitude times the load within each `day`."""

    day: Positive
    amplitude: float = Field(ge=0, lt=1)


class Bursts(Written):
    every: Positive
    lasts: Duration = Field(alias="for")
    times: float = Field(ge=0, le=100)


class Load(Written):
    # Requests a second.
    rate: float = Field(gt=0, le=10_000)
    # "service/operation" to its share of the requests, in any unit.
    entries: dict[str, float] = Field(min_length=1)
    changes: tuple[Change, ...] = ()
    daily: Daily | None = None
    bursts: Bursts | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        for change in self.changes:
            if change.entry and change.entry not in self.entries:
                raise ValueError(f"changes: {change.entry!r} is no entry; known are {', '.join(self.entries)}")
        return self

    def shares(self, since_start: int) -> dict[str, float]:
        """Of the requests by entry, in any unit, at that many nanoseconds after the start."""
        shares = dict(self.entries)
        for change in self.changes:
            if change.entry:
                shares[change.entry] *= _grown(change, since_start)
        return shares

    def at(self, since_start: int) -> float:
        """Requests a second at that many nanoseconds after the start."""
        rate = self.rate * sum(self.shares(since_start).values()) / sum(self.entries.values())
        for change in self.changes:
            if not change.entry:
                rate *= _grown(change, since_start)
        if self.daily is not None:
            rate *= 1 + self.daily.amplitude * math.sin(2 * math.pi * since_start / self.daily.day)
        if self.bursts is not None and since_start % self.bursts.every >= self.bursts.every - self.bursts.lasts:
            rate *= self.bursts.times
        return rate


def _grown(change: Change, now: int) -> float:
    ramp = max(change.over, 1)
    begun = min(max((now - change.at) / ramp, 0.0), 1.0)
    if change.lasts is not None:
        begun -= min(max((now - change.at - change.lasts) / ramp, 0.0), 1.0)
    return 1 + begun * (change.times - 1)


# Looked at this often while nothing comes in.
IDLE = SECOND // 4
