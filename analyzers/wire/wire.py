"""Serialised messages, one after the other in one stretch of bytes."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzers.columns import Int64, UInt64

# What is read beyond the last byte by whoever looks at eight bytes at once.
_PADDING = bytes(16)


class Wire:
    """`data` is what was put in, `octets` the same as an array with room behind it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.data = b"".join((*parts, _PADDING))
        self.octets: npt.NDArray[np.uint8] = np.frombuffer(self.data, dtype=np.uint8)
        # One word from every byte on; overlapping and unaligned, which numpy can read.
        self._words: UInt64 = np.ndarray(
            shape=(len(self.data) - 7,), dtype=np.dtype("<u8"), buffer=self.data, strides=(1,)
        )

    def __len__(self) -> int:
        return len(self.data) - len(_PADDING)

    def words(self, at: Int64) -> UInt64:
        """The eight bytes from each place on, little endian."""
        return self._words[at]

    def rewritten(
        self, start: Int64, end: Int64, rows: Int64, rewrite: Callable[[bytes], bytes]
    ) -> tuple["Wire", Int64, Int64]:
        """The same with some messages written anew behind all others, and where each message starts and ends then."""
        places = zip(start[rows].tolist(), end[rows].tolist(), strict=True)
        messages = [rewrite(self.data[first:last]) for first, last in places]
        ends = len(self.data) + np.cumsum([len(message) for message in messages])
        start, end = start.copy(), end.copy()
        start[rows], end[rows] = np.r_[len(self.data), ends[:-1]], ends
        return Wire((self.data, *messages)), start, end

    def texts(self, start: Int64, size: Int64) -> "pa.StringArray":
        """The stretches as text, in any order; they must not overlap, and be UTF-8 where they are looked at."""
        if (np.diff(start) >= 0).all():
            return self._ascending(start, size)
        order = np.argsort(start, kind="stable")
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return self._ascending(start[order], size[order]).take(pa.array(back))

    def _ascending(self, start: Int64, size: Int64) -> "pa.StringArray":
        # Every second entry is what lies between two stretches; taking the others copies in native code.
        offsets = np.empty(2 * len(start) + 1, dtype=np.int32)
        offsets[0:-1:2], offsets[1::2] = start, start + size
        offsets[-1] = offsets[-2] if len(start) else 0
        every = pa.Array.from_buffers(
            pa.string(), 2 * len(start), [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        )
        return every.take(pa.array(np.arange(0, 2 * len(start), 2, dtype=np.int32)))
