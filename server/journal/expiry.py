"""Looks at the age of what the journal holds, also when nothing comes that would make anybody look."""

import logging
import threading

from server.journal.journal import Journal

_log = logging.getLogger(__name__)


class Expiry:
    """A thread of its own; what can't be dropped now is tried again."""

    def __init__(self, journal: Journal, every: float = 60.0) -> None:
        """`every`: seconds."""
        self._journal = journal
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-expiry", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Before the journal is closed. Safe to call more than once."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self._journal.expire()
            except OSError as error:
                _log.warning("old segments of the journal could not be dropped and are tried again: %s", error)
