"""One entry of the journal: a header of fixed length, then the bytes of a request as they came."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from isal import isal_zlib

from server.otlp.content_coding import Coding, inflate

# Of what is written. Stands in the header of every segment; older ones are read, newer ones refused.
FORMAT = 2
# Length of the payload, CRC-32 of all that follows it, kind, receive time, records, rejected records.
_FIRST = struct.Struct("<IIBqII")
# The same with the coding after the kind, and the length of the payload decompressed at the end.
_SECOND = struct.Struct("<IIBBqIII")
HEADER_SIZE = _SECOND.size
_CHECKED_FROM = 8
_MOST_RECORDS = 2**32 - 1


class FrameKind(IntEnum):
    LOGS = 1
    TRACES = 2
    # Open windows were closed because nothing came for a while; a replay has to do so at the same place.
    IDLE = 3


class FrameError(Exception):
    """Bytes that are no whole frame: the torn end of a journal, or damage."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`records` counts what the payload stands for, `rejected` what of its request was refused at the door.

    `size` is that of the payload decompressed; it is not looked at where the payload is plain.
    """

    kind: FrameKind
    payload: bytes
    received_unix_nano: int
    records: int = 0
    rejected: int = 0
    coding: Coding = Coding.PLAIN
    size: int = 0

    def plain(self) -> bytes:
        """The payload decompressed, which it was once before it was written."""
        return inflate(self.payload, self.coding, self.size)

    def encode(self) -> bytes:
        return self.header() + self.payload

    def header(self) -> bytes:
        """What is written before the payload."""
        # Records stand for as many as their senders say; what no field can hold is only told after damage.
        records = min(self.records, _MOST_RECORDS)
        fields = (int(self.kind), int(self.coding), self.received_unix_nano, records, self.rejected, self.size)
        rest = _SECOND.pack(len(self.payload), 0, *fields)[_CHECKED_FROM:]
        checksum = isal_zlib.crc32(self.payload, isal_zlib.crc32(rest))
        return _SECOND.pack(len(self.payload), checksum, *fields)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    length: int
    checksum: int
    kind: FrameKind
    coding: Coding
    received_unix_nano: int
    records: int
    rejected: int
    size: int


def header_size(version: int) -> int:
    return _FIRST.size if version == 1 else HEADER_SIZE


def decode_header(data: bytes, version: int = FORMAT) -> FrameHeader:
    """Raises `FrameError`."""
    if len(data) < header_size(version):
        raise FrameError("cut in its header")
    if version == 1:
        length, checksum, kind, received, records, rejected = _FIRST.unpack_from(data)
        coding, size = 0, length
    else:
        length, checksum, kind, coding, received, records, rejected, size = _SECOND.unpack_from(data)
    if kind not in FrameKind.__members__.values():
        raise FrameError(f"unknown kind {kind}")
    if coding not in Coding.__members__.values():
        raise FrameError(f"unknown coding {coding}")
    return FrameHeader(length, checksum, FrameKind(kind), Coding(coding), received, records, rejected, size)


def decode(header: bytes, payload: bytes, version: int = FORMAT) -> Frame:
    """Raises `FrameError` when the two are not what was written together."""
    found = decode_header(header, version)
    if len(payload) != found.length:
        raise FrameError("cut in its payload")
    if isal_zlib.crc32(payload, isal_zlib.crc32(header[_CHECKED_FROM : header_size(version)])) != found.checksum:
        raise FrameError("its checksum does not match")
    return Frame(
        found.kind,
        payload,
        found.received_unix_nano,
        found.records,
        found.rejected,
        found.coding,
        found.size,
    )
