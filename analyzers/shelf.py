"""Closed buckets by their start: those in use as they are, the others packed into a tenth of the memory and less."""

import zlib
from dataclasses import dataclass

import msgspec

from analyzers.summary import Summary

# Anything above takes twice the time for a little less memory.
_LEVEL = 1
_decoder = msgspec.msgpack.Decoder(Summary)


@dataclass(frozen=True, slots=True)
class _Packed:
    end_unix_nano: int
    data: bytes

    @staticmethod
    def of(bucket: Summary) -> "_Packed":
        return _Packed(bucket.end_unix_nano, zlib.compress(msgspec.msgpack.encode(bucket), _LEVEL))

    def bucket(self) -> Summary:
        return _decoder.decode(zlib.decompress(self.data))


class Shelf:
    """Objects of a bucket weigh ten times what they say, and the collector of garbage walks over all of them."""

    def __init__(self) -> None:
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
        packed = self._packed.pop(start, None)
        if packed is not None:
            self._loose[start] = packed.bucket()
        return self._loose.get(start)

    def put(self, bucket: Summary) -> None:
        self._packed.pop(bucket.start_unix_nano, None)
        self._loose[bucket.start_unix_nano] = bucket

    def remove(self, start: int) -> Summary | None:
        """Take it off the shelf."""
        bucket = self.get(start)
        self.forget(start)
        return bucket

    def forget(self, start: int) -> None:
        self._loose.pop(start, None)
        self._packed.pop(start, None)

    def pack(self, before: int) -> None:
        """Pack those that start before; nobody may add any longer to what was handed out of them."""
        for start in [start for start in self._loose if start < before]:
            self._packed[start] = _Packed.of(self._loose.pop(start))
