"""How often somebody may fail to log in."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Failures at once, and seconds after which one is forgiven.
_EACH, _EACH_FORGIVEN = 5, 12.0
_ALL, _ALL_FORGIVEN = 60, 1.0
_MOST_ADDRESSES = 1000


@dataclass(slots=True)
class _Bucket:
    failures: float = 0.0
    since: float = 0.0


class Attempts:
    """Each address may fail a few times, and all together some more. Remembers a bounded number of addresses."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = _Bucket(since=clock())
        self._each: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until that address may try; 0 when it may now."""
        waits = [self._wait(self._all, _ALL, _ALL_FORGIVEN)]
        if address in self._each:
            waits.append(self._wait(self._each[address], _EACH, _EACH_FORGIVEN))
        return max(waits)

    def fail(self, address: str) -> None:
        self._add(self._all, _ALL_FORGIVEN)
        bucket = self._each.setdefault(address, _Bucket(since=self._clock()))
        self._each.move_to_end(address)
        self._add(bucket, _EACH_FORGIVEN)
        if len(self._each) > _MOST_ADDRESSES:
            self._each.popitem(last=False)

    def _add(self, bucket: _Bucket, forgiven: float) -> None:
        bucket.failures = self._left(bucket, forgiven) + 1
        bucket.since = self._clock()

    def _wait(self, bucket: _Bucket, most: int, forgiven: float) -> float:
        return max(0.0, (self._left(bucket, forgiven) + 1 - most) * forgiven)

    def _left(self, bucket: _Bucket, forgiven: float) -> float:
        return max(0.0, bucket.failures - (self._clock() - bucket.since) / forgiven)
