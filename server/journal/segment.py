"""One file of the journal: a header that says where in the whole it stands, then frames."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.journal.frame import FORMAT, Frame, FrameError, FrameHeader, decode, decode_header, header_size

_MAGIC = b"HYPJ"
# Magic, format, number of the segment, records in all segments before it.
_HEADER = struct.Struct("<4sIQQ")
SEGMENT_HEADER_SIZE = _HEADER.size
# No frame is larger; a larger length is damage.
_LONGEST = 2**31


class SegmentError(Exception):
    """A file that is no segment of ours."""


class NewerFormatError(SegmentError):
    """A file that a newer version wrote."""


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    number: int
    records_before: int
    version: int = FORMAT

    def encode(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.version, self.number, self.records_before)


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame and where the next one begins."""

    frame: Frame
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a frame without reading its payload, and where it begins."""

    start: int
    header: FrameHeader


def segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:016d}.journal"


def segment_numbers(folder: Path) -> list[int]:
    """Of all segments in the folder, ascending."""
    return sorted(int(path.stem) for path in folder.glob("*.journal") if path.stem.isdigit())


def read_header(path: Path) -> SegmentHeader:
    """Raises `SegmentError`; the message says what to do."""
    with path.open("rb") as file:
        return header_of(file, path)


def read_entries(path: Path, start: int) -> Iterator[Entry]:
    """Frames from `start` (a position in the file) on. Raises `FrameError` where a frame is not whole, and
    `SegmentError`."""
    with path.open("rb") as file:
        version = header_of(file, path).version
        position = max(start, SEGMENT_HEADER_SIZE)
        file.seek(position)
        while header := file.read(header_size(version)):
            frame = decode(header, file.read(_length(decode_header(header, version))), version)
            position += len(header) + len(frame.payload)
            yield Entry(frame, position)


def read_places(path: Path) -> Iterator[Place]:
    """All frames in order, unchecked, payloads unread. Raises `FrameError` and `SegmentError`."""
    with path.open("rb") as file:
        yield from places_of(file, header_of(file, path).version)


def places_of(file: BinaryIO, version: int) -> Iterator[Place]:
    """As `read_places`, of a segment whose header was read; what is read between two of them moves the file."""
    position = SEGMENT_HEADER_SIZE
    while data := file.read(header_size(version)):
        header = decode_header(data, version)
        yield Place(position, header)
        position += len(data) + _length(header)
        file.seek(position)


def read_frame(file: BinaryIO, place: Place, version: int) -> Frame:
    """One frame of an open segment. Raises `FrameError`."""
    file.seek(place.start)
    return decode(file.read(header_size(version)), file.read(_length(place.header)), version)


def header_of(file: BinaryIO, path: Path) -> SegmentHeader:
    """As `read_header`, of a file that is open at its beginning."""
    data = file.read(SEGMENT_HEADER_SIZE)
    if len(data) < SEGMENT_HEADER_SIZE or data[:4] != _MAGIC:
        raise SegmentError(f"{path}: is no journal segment")
    _, version, number, before = _HEADER.unpack(data)
    if version > FORMAT:
        raise NewerFormatError(
            f"{path}: was written by a newer version (format {version}, known is {FORMAT}); run that version, or move"
            " the file away"
        )
    return SegmentHeader(number, before, version)


def _length(header: FrameHeader) -> int:
    if header.length > _LONGEST:
        raise FrameError("its length can't be right")
    return header.length
