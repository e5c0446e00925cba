"""The newest closed buckets: the window that is judged, and the stretch in which what is faint shows."""

from collections import deque
from collections.abc import Iterator

from analyzers.summary import Summary, union

# Buckets of a stretch, eight windows of the usual length, of which there must be half before it tells more than a
# window; and windows in which what it shows has to go on still.
_STRETCH, _LATELY = 24, 2
# Nanoseconds that are learned before anything is held back until it is known whether something began in it: else a
# short history would be shorter still.
_FIRST = 240 * 1_000_000_000


def stretch_of(window: int) -> int:
    """Buckets of the stretch beside a window of so many: more than the window, however long that is."""
    return max(_STRETCH, _LATELY * window)


class Recent:
    """The last buckets in a row, as they were closed: what came late to them is neither judged nor learned."""

    def __init__(self, window: int) -> None:
        """`window`: its buckets."""
        self._window = window
        # Not learned from yet.
        self._waiting: deque[Summary] = deque()
        self._stretch: deque[Summary] = deque(maxlen=stretch_of(window))

    def __iter__(self) -> Iterator[Summary]:
        return iter(self._stretch)

    @property
    def waiting(self) -> tuple[Summary, ...]:
        """Those that are not learned from yet, oldest first."""
        return tuple(self._waiting)

    @property
    def end_unix_nano(self) -> int:
        """Of the newest; 0 when there is none."""
        return self._stretch[-1].end_unix_nano if self._stretch else 0

    def add(self, bucket: Summary) -> None:
        self._waiting.append(bucket)
        self._stretch.append(bucket)

    def restore(self, stretch: list[Summary], waiting: list[Summary]) -> None:
        self._stretch.clear()
        self._stretch.extend(stretch)
        self._waiting = deque(waiting)

    def window(self) -> Summary:
        return union(self._last(self._window))

    def stretch(self) -> Summary | None:
        """All of it, once for each window; None in between, and while there is little of it."""
        newest = self._stretch[-1]
        number = newest.start_unix_nano // max(1, newest.end_unix_nano - newest.start_unix_nano)
        if number % self._window or len(self._stretch) < stretch_of(self._window) // 2:
            return None
        return union(self._stretch)

    def lately(self) -> Summary:
        """The newest part of the stretch."""
        return union(self._last(_LATELY * self._window))

    def left(self) -> Summary | None:
        """The bucket that will not be in the next window; None where that is longer than this one."""
        return self._stretch[-self._window] if len(self._stretch) >= self._window else None

    def settled(self, learned: int) -> Iterator[Summary]:
        """Buckets that left the window and are held back no longer, to be learned, where so many nanoseconds have been
        learned from."""
        while len(self._waiting) >= self._window:
            if learned >= _FIRST and len(self._waiting) < stretch_of(self._window):
                return
            yield self._waiting.popleft()

    def broken_off(self) -> Iterator[tuple[Summary, bool]]:
        """All that waits, before a gap, since nothing spans one; and whether it left the window before."""
        self._stretch.clear()
        while self._waiting:
            bucket = self._waiting.popleft()
            yield bucket, len(self._waiting) >= self._window - 1

    def _last(self, buckets: int) -> list[Summary]:
        return list(self._stretch)[-buckets:]
