"""The end of the journal as a start finds it."""

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from server.journal.frame import FrameError
from server.journal.segment import (
    SEGMENT_HEADER_SIZE,
    SegmentError,
    read_entries,
    read_header,
    read_places,
    segment_path,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tail:
    """Number and length of the last segment, both 0 where there is none."""

    number: int = 0
    size: int = 0
    # In all segments.
    records: int = 0
    # Receive times of the first and the last frame of that segment; the last is that of the one before while there is
    # none in it.
    begun: int = 0
    newest: int = 0


def cut_tail(folder: Path, numbers: list[int]) -> Tail:
    """Cut what is not whole at the end of the last segment: it was never acknowledged. Raises `SegmentError`."""
    if not numbers:
        return Tail()
    last = numbers[-1]
    path = segment_path(folder, last)
    if path.stat().st_size < SEGMENT_HEADER_SIZE:
        # Killed while beginning it: nothing in it was acknowledged.
        path.unlink()
        return cut_tail(folder, numbers[:-1])
    tail = Tail(last, SEGMENT_HEADER_SIZE, read_header(path).records_before)
    records, size, begun, newest = tail.records, tail.size, 0, 0
    try:
        for entry in read_entries(path, SEGMENT_HEADER_SIZE):
            records += entry.frame.records
            size = entry.end
            begun = begun or entry.frame.received_unix_nano
            newest = entry.frame.received_unix_nano
    except FrameError as error:
        _log.warning(
            "%s: cut at %d of %d bytes: the last frame is not whole (%s)", path, size, path.stat().st_size, error
        )
        os.truncate(path, size)
    if not newest and numbers[:-1]:
        newest = _last_received(segment_path(folder, numbers[-2]))
    return replace(tail, size=size, records=records, begun=begun, newest=newest)


def _last_received(path: Path) -> int:
    received = 0
    with suppress(FileNotFoundError, FrameError, SegmentError):
        for place in read_places(path):
            received = place.header.received_unix_nano
    return received
