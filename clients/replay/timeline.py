"""Where on the clock a recording is put, and how fast it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from clients.replay.case import Case

# Between a folder sent before and the case itself.
GAP_NANO = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A case and how far its times are moved."""

    case: Case
    shift_nano: int


def lay_out(
    case: Case, before: Case | None = None, *, shift_to_unix_nano: int | None = None, speed: float | None = None
) -> tuple[Stretch, ...]:
    """The stretches to send, in order: `before`, ending just before the case begins, then the case.

    Without `shift_to_unix_nano` the case keeps its times. With it (it is "now"), the last record is given the moment
    at which it will be sent: now at full speed (speed None), and at speed 1 the first record is now. Slower than
    that the first record is now, so that no record is ever ahead of the clock.
    """
    if case.first_unix_nano is None or case.last_unix_nano is None:
        # Nothing has a time: there is nothing to move, and nowhere to put the rest.
        return (Stretch(before, 0), Stretch(case, 0)) if before else (Stretch(case, 0),)
    first = case.first_unix_nano
    to_before: int | None = None
    if before is not None:
        to_before = 0
        if before.first_unix_nano is not None and before.last_unix_nano is not None:
            to_before = case.first_unix_nano - GAP_NANO - before.last_unix_nano
            first = before.first_unix_nano + to_before
    shift = 0
    if shift_to_unix_nano is not None:
        if speed is not None and speed < 1:
            shift = shift_to_unix_nano - first
        else:
            duration = case.last_unix_nano - first
            lasts = 0 if speed is None else round(duration / speed)
            shift = shift_to_unix_nano + lasts - case.last_unix_nano
    stretches = [Stretch(case, shift)]
    if before is not None and to_before is not None:
        stretches.insert(0, Stretch(before, to_before + shift))
    return tuple(stretches)


class Clock(Protocol):
    """Time passing, in seconds."""

    def now(self) -> float:
        """Seconds of a clock that only goes forward."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after that long."""
        ...


class WallClock:
    """The real one."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Pace:
    """Holds batches back until their moment. `speed` is event seconds a second; None is as fast as it goes."""

    def __init__(self, speed: float | None, first_unix_nano: int, clock: Clock) -> None:
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError(f"speed must be more than 0, not {speed}")
        self._speed = speed
        self._first_unix_nano = first_unix_nano
        self._clock = clock
        self._started = clock.now()

    def wait(self, send_at_unix_nano: int) -> None:
        """Return when event time `send_at_unix_nano` is reached; at once when it is past."""
        if self._speed is None:
            return
        due = self._started + (send_at_unix_nano - self._first_unix_nano) / 1e9 / self._speed
        left = due - self._clock.now()
        if left > 0:
            self._clock.sleep(left)
