"""How much of the journal is kept: the oldest segments go as a whole."""

import threading
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from server.journal.frame import FrameError
from server.journal.position import START, Position
from server.journal.segment import SegmentError, read_places, segment_numbers, segment_path
from server.journal.settings import JournalSettings
from server.journal.writer import Writer


class Retention:
    """By bytes and by age, and never what is not checkpointed."""

    def __init__(self, folder: Path, settings: JournalSettings, writer: Writer) -> None:
        self._folder = folder
        self._settings = settings
        self._writer = writer
        # Between those who drop segments; never held while appending.
        self._dropping = threading.Lock()
        self._checkpointed = START

    @property
    def bytes_held(self) -> int:
        return sum(self._length(number) for number in segment_numbers(self._folder))

    @property
    def oldest_unix_nano(self) -> int:
        """When the oldest frame there is was received; 0 when there is none."""
        for number in segment_numbers(self._folder):
            if received := self._first_received(number):
                return received
        return 0

    def release(self, checkpointed: Position) -> None:
        """What is before `checkpointed` may be dropped."""
        with self._dropping:
            self._checkpointed = max(self._checkpointed, checkpointed)

    def expire(self, now_unix_nano: int | None = None) -> None:
        """Drop the oldest segments while there are more bytes than allowed, or all in them is too old."""
        oldest = 0
        if self._settings.max_age:
            oldest = (time.time_ns() if now_unix_nano is None else now_unix_nano) - self._settings.max_age
        with self._dropping:
            self._writer.leave(oldest, self._checkpointed)
            held = self.bytes_held
            newest = self._writer.newest_unix_nano
            for number, following in pairwise(segment_numbers(self._folder)):
                if Position(number, self._length(number)) > self._checkpointed or number >= self._writer.end.segment:
                    return
                # What came before the first of the next one is no younger than that.
                if held <= self._settings.max_bytes and (self._first_received(following) or newest) >= oldest:
                    return
                held -= self._length(number)
                segment_path(self._folder, number).unlink(missing_ok=True)

    def _length(self, number: int) -> int:
        """0 when it is gone."""
        try:
            return segment_path(self._folder, number).stat().st_size
        except FileNotFoundError:
            return 0

    def _first_received(self, number: int) -> int:
        """0 when it holds nothing that can be read."""
        with suppress(FileNotFoundError, FrameError, SegmentError):
            for place in read_places(segment_path(self._folder, number)):
                return place.header.received_unix_nano
        return 0
