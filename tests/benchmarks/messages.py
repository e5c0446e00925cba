"""Requests that are made once and sent many times, each time different from all before."""

import struct
import zlib
from dataclasses import dataclass, replace
from itertools import count

from tests.benchmarks.log_load import LoadShape, closing_group, log_requests

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Body:
    """The unchanging part of a request, also deflated up to a byte boundary, with the CRC-32 of what it inflates to."""

    plain: bytes
    deflated: bytes
    checksum: int

    @classmethod
    def of(cls, plain: bytes, compressed: bool) -> "Body":
        if not compressed:
            return cls(plain, b"", 0)
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH)
        return cls(plain, packed, zlib.crc32(plain))

    def framed(self, closing: bytes, compressed: bool) -> bytes:
        """A length-prefixed gRPC message of this and `closing`. Compressing costs nothing here: the closing part is a
        stored block behind what was deflated before, so a client is never what is measured."""
        if not compressed:
            return struct.pack(">BI", 0, len(self.plain) + len(closing)) + self.plain + closing
        stored = struct.pack("<BHH", 1, len(closing), len(closing) ^ 0xFFFF) + closing
        tail = struct.pack("<II", zlib.crc32(closing, self.checksum), len(self.plain) + len(closing))
        size = len(_GZIP_HEAD) + len(self.deflated) + len(stored) + len(tail)
        return b"".join((struct.pack(">BI", 1, size), _GZIP_HEAD, self.deflated, stored, tail))


class LogMessages:
    """An endless iterator of framed requests of `shape.records` log records each, no two alike."""

    # Different bodies, so that no memo of whole lines helps anybody.
    _POOL_RECORDS = 40_000

    def __init__(
        self, shape: LoadShape, compressed: bool, start_unix_nano: int, pool_records: int = _POOL_RECORDS
    ) -> None:
        self.records = shape.records
        self.compressed = compressed
        self._start = start_unix_nano
        pool = max(2, pool_records // shape.records)
        shape = replace(shape, records=shape.records - 1)
        self._bodies = [Body.of(body, compressed) for body in log_requests(pool, shape, start_unix_nano)]
        self._numbers = count()

    def __iter__(self) -> "LogMessages":
        return self

    def __next__(self) -> bytes:
        number = next(self._numbers)
        closing = closing_group(number, self._start + number)
        return self._bodies[number % len(self._bodies)].framed(closing, self.compressed)
