"""Changes of incidents, for whoever watches."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from rca.incident import Incident


class Change(Enum):
    CREATED = "created"
    UPDATED = "updated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """`sequence` grows by one with every change of any incident."""

    sequence: int
    change: Change
    incident: Incident


class TooOldError(Exception):
    """The entries after the given sequence are no longer all held: list again."""


class IncidentFeed:
    """The last changes, kept in order. Slow readers lose nothing until they fall behind by the whole length."""

    def __init__(self, length: int = 10_000) -> None:
        self._entries: deque[FeedEntry] = deque(maxlen=length)
        self._changed = threading.Condition()
        self._sequence = 0
        self._closed = False

    @property
    def sequence(self) -> int:
        """Of the newest change; 0 before the first."""
        with self._changed:
            return self._sequence

    def publish(self, change: Change, incident: Incident) -> None:
        with self._changed:
            self._sequence += 1
            self._entries.append(FeedEntry(self._sequence, change, incident))
            self._changed.notify_all()

    def after(self, sequence: int, timeout: float) -> list[FeedEntry] | None:
        """Entries newer than `sequence`, waiting up to `timeout` seconds for the first; empty when none came in time.

        None when the feed was closed and nothing is left. Raises `TooOldError`.
        """
        with self._changed:
            self._check(sequence)
            self._changed.wait_for(lambda: self._closed or self._sequence > sequence, timeout)
            # Again, because more than is held may have come before this reader got its turn.
            self._check(sequence)
            fresh = [entry for entry in self._entries if entry.sequence > sequence]
            return None if self._closed and not fresh else fresh

    def rewrite(self, change: Callable[[Incident], Incident]) -> None:
        """Of the changes still held: whoever asks for them again gets what `change` makes of their incidents."""
        with self._changed:
            for place, entry in enumerate(self._entries):
                self._entries[place] = replace(entry, incident=change(entry.incident))

    def _check(self, sequence: int) -> None:
        if sequence > self._sequence or (self._entries and sequence < self._entries[0].sequence - 1):
            raise TooOldError

    def close(self) -> None:
        """Wake every reader for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
