"""How fast the pipeline really takes what was acknowledged."""

import math
import time
from collections.abc import Callable

# Seconds of work after which what was measured counts a third.
_MEMORY = 10.0
# What is taken to be so before anything was measured: bytes in that many seconds. It fades like all the rest.
_ASSUMED_BYTES, _ASSUMED_SECONDS = 8.0 * 2**20, 1.0


class DrainRate:
    """Bytes a second while there is something to do: a ratio of two sums that fade at the same pace.

    Sums and not a mean of rates, since several deliveries may be finished at the same moment. Not safe for threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bytes = _ASSUMED_BYTES
        self._seconds = _ASSUMED_SECONDS
        # When the work in hand was begun; None while there is none.
        self._since: float | None = None

    def begin(self) -> None:
        """There is something to do again."""
        if self._since is None:
            self._since = self._clock()

    def finish(self, size: int, more: bool) -> None:
        """`size` bytes are worked off; `more` says whether others wait."""
        now = self._clock()
        passed = now - self._since if self._since is not None else 0.0
        kept = math.exp(-passed / _MEMORY)
        self._bytes = self._bytes * kept + size
        self._seconds = self._seconds * kept + passed
        self._since = now if more else None

    @property
    def bytes_per_second(self) -> float:
        """At least 1. Falls while one delivery keeps the pipeline busy, not only once it is finished."""
        stalled = self._clock() - self._since if self._since is not None else 0.0
        kept = math.exp(-stalled / _MEMORY)
        return max(1.0, self._bytes * kept / max(self._seconds * kept + stalled, 1e-3))
