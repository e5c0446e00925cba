"""One file of the journal: a header that says where in the whole it stands, then frames."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.journal.frame import HEADER_SIZE, Frame, FrameError, decode, decode_header

FORMAT = 1
_MAGIC = b"HYPJ"
# Magic, format, number of the segment, records in all segments before it.
_HEADER = struct.Struct("<4sIQQ")
SEGMENT_HEADER_SIZE = _HEADER.size
# No frame is larger; a larger length is damage.
_LONGEST = 2**31


class SegmentError(Exception):
    """A file that is no segment of ours, or of a newer format."""


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    number: int
    records_before: int

    def encode(self) -> bytes:
        return _HEADER.pack(_MAGIC, FORMAT, self.number, self.records_before)


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame and where the next one begins."""

    frame: Frame
    end: int


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:016d}.journal"


def segment_numbers(folder: Path) -> list[int]:
    """Of all segments in the folder, ascending."""
    return sorted(int(path.stem) for path in folder.glob("*.journal") if path.stem.isdigit())


def read_header(path: Path) -> SegmentHeader:
    """Raises `SegmentError`; the message says what to do."""
    with path.open("rb") as file:
        data = file.read(SEGMENT_HEADER_SIZE)
    if len(data) < SEGMENT_HEADER_SIZE or data[:4] != _MAGIC:
        raise SegmentError(f"{path}: is no journal segment")
    _, version, number, before = _HEADER.unpack(data)
    if version > FORMAT:
        raise SegmentError(
            f"{path}: was written by a newer version (format {version}, known is {FORMAT}); run that version, or move"
            " the file away"
        )
    return SegmentHeader(number, before)


def read_entries(path: Path, start: int) -> Iterator[Entry]:
    """Frames from `start` (a position in the file) on. Raises `FrameError` where a frame is not whole."""
    with path.open("rb") as file:
        position = max(start, SEGMENT_HEADER_SIZE)
        file.seek(position)
        while header := file.read(HEADER_SIZE):
            length = decode_header(header)[0]
            if length > _LONGEST:
                raise FrameError("its length can't be right")
            frame = decode(header, file.read(length))
            position += HEADER_SIZE + length
            yield Entry(frame, position)
