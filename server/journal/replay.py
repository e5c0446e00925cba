"""What the journal holds, read in order; what is damaged in it is set aside."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from server.journal.frame import Frame, FrameError
from server.journal.position import Position
from server.journal.segment import (
    SEGMENT_HEADER_SIZE,
    Entry,
    SegmentError,
    read_entries,
    read_header,
    segment_numbers,
    segment_path,
)

_log = logging.getLogger(__name__)


class Replay:
    """Keeps count of what could not be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Records in damaged parts that were set aside.
        self.lost_records = 0

    def read(self, start: Position) -> Iterator[tuple[Frame, Position]]:
        """Frames after `start`, each with the place after it. A damaged part is set aside and the rest goes on."""
        for number in segment_numbers(self._folder):
            if number < start.segment:
                continue
            path = segment_path(self._folder, number)
            position = start.offset if number == start.segment else SEGMENT_HEADER_SIZE
            try:
                for entry in read_entries(path, position):
                    position = entry.end
                    yield entry.frame, Position(number, position)
            except (FrameError, SegmentError) as error:
                self._set_aside(path, number, position, error)

    def _set_aside(self, path: Path, number: int, position: int, error: FrameError | SegmentError) -> None:
        """Keep a copy of the damaged rest for whoever wants to look; count what it held, as far as that is known."""
        following = [later for later in segment_numbers(self._folder) if later > number]
        lost = 0
        if following:
            kept = sum(entry.frame.records for entry in _readable(path) if entry.end <= position)
            with suppress(SegmentError):
                before = self._records_before(number)
                lost = max(0, read_header(segment_path(self._folder, following[0])).records_before - before - kept)
        aside = path.with_suffix(".damaged")
        aside.write_bytes(path.read_bytes()[position:])
        aside.chmod(0o600)
        self.lost_records += lost
        _log.error(
            "%s is damaged from byte %d on (%s): %d records lost; the damaged part is kept as %s",
            path, position, error, lost, aside,
        )  # fmt: skip

    def _records_before(self, number: int) -> int:
        """In all segments before it. Raises `SegmentError`."""
        try:
            return read_header(segment_path(self._folder, number)).records_before
        except SegmentError:
            earlier = [known for known in segment_numbers(self._folder) if known < number]
            if not earlier:
                raise
            held = sum(entry.frame.records for entry in _readable(segment_path(self._folder, earlier[-1])))
            return self._records_before(earlier[-1]) + held


def _readable(path: Path) -> Iterator[Entry]:
    try:
        yield from read_entries(path, SEGMENT_HEADER_SIZE)
    except (FrameError, SegmentError):
        return
