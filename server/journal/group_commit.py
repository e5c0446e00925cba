"""One fdatasync for all that wait at the same time."""

import os
import threading
from collections.abc import Callable

from server.journal.position import START, Position


class GroupCommit:
    """The first to come does it for all."""

    def __init__(self, reached: Callable[[], tuple[Position, int]]) -> None:
        """`reached`: up to where is written now, and a descriptor of the file, to be closed."""
        self._reached = reached
        self._synced = threading.Condition()
        self._syncing = False
        self._until = START

    def wait(self, end: Position) -> None:
        """Return when an fdatasync that began after `end` was written has ended. Raises `OSError`."""
        while True:
            with self._synced:
                if self._until >= end:
                    return
                if self._syncing:
                    self._synced.wait()
                    continue
                self._syncing = True
            reached, file = self._reached()
            try:
                os.fdatasync(file)
            finally:
                os.close(file)
                with self._synced:
                    self._syncing = False
                    self._synced.notify_all()
            with self._synced:
                self._until = max(self._until, reached)
