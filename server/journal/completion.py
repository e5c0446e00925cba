"""Complete segments on their way to the disk."""

import logging
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

_log = logging.getLogger(__name__)
# Segments on their way before whoever completes another one waits: a disk that is slower than what comes.
_MOST = 4


class Completion:
    """Brings segments to the disk and closes them, in a thread of its own: to write one down may take half a second,
    and nobody who appends was promised to wait for it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-completion")
        self._under_way: deque[Future[None]] = deque()

    def take(self, file: int) -> None:
        """A descriptor that nobody uses any more. One caller at a time."""
        while len(self._under_way) >= _MOST or (self._under_way and self._under_way[0].done()):
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(_complete, file))

    def close(self) -> None:
        """Returns when all are on the disk."""
        self._thread.shutdown()


def _complete(file: int) -> None:
    try:
        os.fdatasync(file)
    except OSError as error:
        # What is in it was acknowledged without it.
        _log.error("a segment of the journal could not be brought to the disk: %s", error)
    finally:
        os.close(file)
