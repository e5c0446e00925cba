"""One entry of the journal: a header of fixed length, then the bytes of a request as they came."""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

# Length of the payload, CRC-32 of all that follows it, kind, receive time, records, rejected records.
_HEADER = struct.Struct("<IIBqII")
HEADER_SIZE = _HEADER.size
_CHECKED_FROM = 8


class FrameKind(IntEnum):
    LOGS = 1
    TRACES = 2
    # Open windows were closed because nothing came for a while; a replay has to do so at the same place.
    IDLE = 3


class FrameError(Exception):
    """Bytes that are no whole frame: the torn end of a journal, or damage."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`records` counts what the payload stands for, `rejected` what of its request was refused at the door."""

    kind: FrameKind
    payload: bytes
    received_unix_nano: int
    records: int = 0
    rejected: int = 0

    def encode(self) -> bytes:
        fields = (int(self.kind), self.received_unix_nano, self.records, self.rejected)
        rest = _HEADER.pack(len(self.payload), 0, *fields)[_CHECKED_FROM:]
        checksum = zlib.crc32(self.payload, zlib.crc32(rest))
        return _HEADER.pack(len(self.payload), checksum, *fields) + self.payload


def decode_header(data: bytes) -> tuple[int, int, FrameKind, int, int, int]:
    """Length, checksum, kind, receive time, records, rejected. Raises `FrameError`."""
    if len(data) < HEADER_SIZE:
        raise FrameError("cut in its header")
    length, checksum, kind, received, records, rejected = _HEADER.unpack_from(data)
    if kind not in FrameKind.__members__.values():
        raise FrameError(f"unknown kind {kind}")
    return length, checksum, FrameKind(kind), received, records, rejected


def decode(header: bytes, payload: bytes) -> Frame:
    """Raises `FrameError` when the two are not what was written together."""
    length, checksum, kind, received, records, rejected = decode_header(header)
    if len(payload) != length:
        raise FrameError("cut in its payload")
    if zlib.crc32(payload, zlib.crc32(header[_CHECKED_FROM:HEADER_SIZE])) != checksum:
        raise FrameError("its checksum does not match")
    return Frame(kind, payload, received, records, rejected)
