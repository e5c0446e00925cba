"""Closed buckets by their start: those in use as they are, the others packed into a tenth of the memory and less."""

import logging
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from analyzers.service import ServiceKey
from analyzers.spool import InMemory, Kept, Spool
from analyzers.summary import EdgeKey, EdgeStats, ServiceSummary, Summary

_log = logging.getLogger(__name__)
# Anything above takes twice the time for a little less memory.
_LEVEL = 1
# Encoding or decoding a piece holds the interpreter: one service, or so many edges.
_EDGES = 160
_LENGTH = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode
_services = msgspec.msgpack.Decoder(tuple[ServiceKey, ServiceSummary])
_edges = msgspec.msgpack.Decoder(list[tuple[EdgeKey, EdgeStats]])


@dataclass(frozen=True, slots=True)
class _Packed:
    """Pieces, each with its length before it: first the services, then the edges."""

    start_unix_nano: int
    end_unix_nano: int
    services: int
    kept: Kept

    @staticmethod
    def of(bucket: Summary, spool: Spool) -> "_Packed":
        deflate = zlib.compressobj(_LEVEL)
        parts: list[bytes] = []
        for piece in pieces(bucket):
            parts += deflate.compress(_LENGTH.pack(len(piece))), deflate.compress(piece)
        parts.append(deflate.flush())
        return _Packed(bucket.start_unix_nano, bucket.end_unix_nano, len(bucket.services), spool(b"".join(parts)))

    def bucket(self) -> Summary | None:
        """None when it is lost: only look-ups into the past miss it."""
        try:
            packed = self.kept.read()
        except OSError as error:
            _log.error("a closed bucket is lost and left out: %s", error)
            return None
        whole = Summary(self.start_unix_nano, self.end_unix_nano)
        for number, piece in enumerate(_unpacked(packed)):
            if number < self.services:
                key, service = _services.decode(piece)
                whole.services[key] = service
            else:
                whole.edges.update(_edges.decode(piece))
        return whole


def _unpacked(packed: bytes) -> Iterator[memoryview]:
    data = memoryview(zlib.decompress(packed))
    at = 0
    while at < len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + size]
        at += size


def pieces(bucket: Summary) -> Iterator[bytes]:
    """Of a bucket: each service, then edges in runs."""
    for item in bucket.services.items():
        yield _encode(item)
    edges = iter(bucket.edges.items())
    while some := list(islice(edges, _EDGES)):
        yield _encode(some)


class Shelf:
    """Objects of a bucket weigh ten times what they say, and the collector of garbage walks over all of them."""

    def __init__(self, spool: Spool = InMemory) -> None:
        """`spool` takes in what is packed."""
        self._spool = spool
        self._loose: dict[int, Summary] = {}
        self._packed: dict[int, _Packed] = {}

    def __len__(self) -> int:
        return len(self._loose) + len(self._packed)

    def __contains__(self, start: int) -> bool:
        return start in self._loose or start in self._packed

    def starts(self) -> set[int]:
        return {*self._loose, *self._packed}

    def end(self, start: int) -> int:
        """Where the bucket that starts there ends. Raises `KeyError` when there is none."""
        loose = self._loose.get(start)
        return self._packed[start].end_unix_nano if loose is None else loose.end_unix_nano

    def get(self, start: int) -> Summary | None:
        """The bucket that starts there, to be read: it may be a copy."""
        packed = self._packed.get(start)
        return self._loose.get(start) if packed is None else packed.bucket()

    def take(self, start: int) -> Summary | None:
        """The same, to be added to: it is loose until it is packed again."""
        packed = self._packed.get(start)
        if packed is not None and (bucket := packed.bucket()) is not None:
            self.put(bucket)
        return self._loose.get(start)

    def put(self, bucket: Summary) -> None:
        self.forget(bucket.start_unix_nano)
        self._loose[bucket.start_unix_nano] = bucket

    def remove(self, start: int) -> Summary | None:
        """Take it off the shelf."""
        bucket = self.get(start)
        self.forget(start)
        return bucket

    def forget(self, start: int) -> None:
        self._loose.pop(start, None)
        packed = self._packed.pop(start, None)
        if packed is not None:
            packed.kept.drop()

    def clear(self) -> None:
        for start in self.starts():
            self.forget(start)

    def pack(self, before: int) -> None:
        """Pack those that start before; nobody may add any longer to what was handed out of them."""
        for start in [start for start in self._loose if start < before]:
            self._packed[start] = _Packed.of(self._loose.pop(start), self._spool)
