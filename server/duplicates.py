"""Batches seen lately, so that one that is sent again after a lost answer counts once."""

from collections import OrderedDict
from dataclasses import dataclass, field

_NANOS = 1_000_000_000


@dataclass(slots=True)
class SeenBatches:
    """Digests of batches with the times they came. Bounded by time and by number; the oldest are forgotten first.

    A Collector gives up re-sending after five minutes (`max_elapsed_time`), one with a queue on disk later.
    """

    horizon: int = 900 * _NANOS
    limit: int = 200_000
    _seen: OrderedDict[bytes, int] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._seen)

    def seen(self, digest: bytes, received_unix_nano: int) -> bool:
        """Whether it came within the horizon before; remembers it if not."""
        before = self._seen.get(digest)
        if before is not None and received_unix_nano - before <= self.horizon:
            return True
        self._seen[digest] = received_unix_nano
        self._seen.move_to_end(digest)
        while self._seen:
            oldest = next(iter(self._seen))
            if len(self._seen) <= self.limit and received_unix_nano - self._seen[oldest] <= self.horizon:
                break
            del self._seen[oldest]
        return False

    def state(self) -> list[tuple[bytes, int]]:
        """All of it, oldest first."""
        return list(self._seen.items())

    def restore(self, state: list[tuple[bytes, int]]) -> None:
        self._seen = OrderedDict(state)
