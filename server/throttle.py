"""When senders that are turned away shall come again, and how many were."""

import random
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from server.drain_rate import DrainRate
from server.errors import UnavailableError

# What a sender is told, in seconds. A Collector gives a batch up after 300.
_LEAST, _MOST = 0.5, 30.0
# Of what is told, up to this share is added by chance.
_SPREAD = 0.25
# The disk needs somebody to make room: how long that takes is nothing that we could measure.
_DISK_DELAY = 5.0
# For so many seconds after the last refusal it is said that senders are turned away.
_FRESH = 10.0


class Reason(StrEnum):
    """Why there is no room; every one is a label of a metric."""

    INBOX = "inbox"
    MEMORY = "memory"
    DISK = "disk"


class Throttle:
    """Sizes the delay to the backlog and to the pace at which it is really worked off.

    Whoever is turned away gets a place in a row: the next one is told to come when the one before has been dealt with,
    so that many Collectors do not come back at the same moment and find no room again. Not safe for threads.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance` draws from 0 to 1."""
        self.rate = DrainRate(clock)
        self._clock = clock
        self._chance = chance
        # When the last one in the row is dealt with.
        self._row_ends = 0.0
        self._refused = dict.fromkeys(Reason, 0)
        self._latest: dict[Reason, float] = {}

    @property
    def refused(self) -> Mapping[Reason, int]:
        """Requests turned away since the start."""
        return self._refused

    def reasons(self) -> tuple[Reason, ...]:
        """For which senders were turned away in the last seconds."""
        now = self._clock()
        return tuple(reason for reason in Reason if now - self._latest.get(reason, -_FRESH) < _FRESH)

    def refusal(self, reason: Reason, message: str, backlog: int, size: int) -> UnavailableError:
        """The answer to a request of `size` bytes while `backlog` bytes wait."""
        self._refused[reason] += 1
        self._latest[reason] = self._clock()
        delay = _DISK_DELAY if reason is Reason.DISK else self._place(backlog, size)
        # Never shorter than what it takes, never longer than the most: whoever is told the most is spread as well.
        delay = min(max(delay, _LEAST), _MOST / (1 + _SPREAD)) * (1 + _SPREAD * self._chance())
        return UnavailableError(f"{message}; try again later", retry_after=delay)

    def _place(self, backlog: int, size: int) -> float:
        """Seconds until the backlog and those before in the row are dealt with."""
        now, rate = self._clock(), self.rate.bytes_per_second
        begins = max(now + backlog / rate, self._row_ends)
        # Beyond the most there is no order, and who comes too early is given a new place.
        self._row_ends = min(begins + size / rate, now + _MOST)
        return begins - now
