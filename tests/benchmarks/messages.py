"""Requests that are made once and sent many times, each time different from all before and with the time of its day."""

import struct
import time
import zlib
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from tests.benchmarks.log_load import LoadShape, closing_group, log_requests

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 6
# time_unix_nano and observed_time_unix_nano, both fixed64, as they stand in a serialised log record.
_TIME_TAGS = (0x09, 0x59)


class Stamps:
    """Where the times of a serialised request are, so that it can be sent again at another time."""

    def __init__(self, body: bytes, start_unix_nano: int, end_unix_nano: int) -> None:
        """`body` has no time outside of that range, and nothing but times within it."""
        self._bytes = np.frombuffer(body, dtype=np.uint8).copy()
        # The eight bytes from every place on as a number.
        words = np.ndarray((len(body) - 7,), np.dtype("<u8"), body, strides=(1,))
        tagged = np.isin(self._bytes[: len(words) - 1], _TIME_TAGS)
        inside = (words[1:] >= start_unix_nano) & (words[1:] <= end_unix_nano)
        places = np.flatnonzero(tagged & inside) + 1
        self._since = words[places] - np.uint64(start_unix_nano)
        self._places = (places[:, np.newaxis] + np.arange(8)).ravel()

    def __len__(self) -> int:
        return len(self._since)

    def at(self, start_unix_nano: int) -> memoryview:
        """The request as if its first record were of that time, until it is asked for again."""
        self._bytes[self._places] = (self._since + np.uint64(start_unix_nano)).astype("<u8").view(np.uint8)
        return self._bytes.data


@dataclass(frozen=True, slots=True)
class Packed:
    """A request but for its closing part, deflated up to a byte boundary; size and CRC-32 of what it inflates to."""

    deflated: bytes
    size: int
    checksum: int

    @classmethod
    def of(cls, plain: memoryview) -> "Packed":
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH)
        return cls(packed, len(plain), zlib.crc32(plain))

    def framed(self, closing: bytes) -> bytes:
        """A length-prefixed gRPC message of this and `closing`. Compressing costs nothing here: the closing part is a
        stored block behind what was deflated before, so a client is never what is measured."""
        stored = struct.pack("<BHH", 1, len(closing), len(closing) ^ 0xFFFF) + closing
        tail = struct.pack("<II", zlib.crc32(closing, self.checksum), self.size + len(closing))
        size = len(_GZIP_HEAD) + len(self.deflated) + len(stored) + len(tail)
        return b"".join((struct.pack(">BI", 1, size), _GZIP_HEAD, self.deflated, stored, tail))


class LogMessages:
    """An endless iterator of framed requests of `shape.records` log records each, no two alike.

    Plain ones carry the time they are sent at. Compressed ones are of the `refresh` before: time passes for a server
    only if that is called now and then.
    """

    # Different bodies, so that no memo of whole lines helps anybody.
    _POOL_RECORDS = 40_000

    def __init__(self, shape: LoadShape, compressed: bool, pool_records: int = _POOL_RECORDS) -> None:
        self.records = shape.records
        self.compressed = compressed
        pool = max(2, pool_records // shape.records)
        shape = replace(shape, records=shape.records - 1)
        start = time.time_ns()
        self._span = 2 * shape.records * 1_000_000
        self._stamps = [Stamps(body, start, start + self._span) for body in log_requests(pool, shape, start)]
        self._packed: list[Packed] = []
        self._start = 0
        self._numbers = count()
        self.refresh(0.0)

    def refresh(self, seconds: float) -> None:
        """From here on the times are those of now, those of compressed requests spread over the coming `seconds`."""
        self._start = time.time_ns()
        if self.compressed:
            step = int(seconds * 1_000_000_000) // len(self._stamps)
            times = (self._start + place * step for place in range(len(self._stamps)))
            self._packed = [Packed.of(body.at(at)) for body, at in zip(self._stamps, times, strict=True)]

    def __iter__(self) -> "LogMessages":
        return self

    def __next__(self) -> bytes:
        number = next(self._numbers)
        place = number % len(self._stamps)
        if self.compressed:
            return self._packed[place].framed(closing_group(number, self._start))
        now = time.time_ns()
        body, closing = self._stamps[place].at(now), closing_group(number, now)
        return b"".join((struct.pack(">BI", 0, len(body) + len(closing)), body, closing))
