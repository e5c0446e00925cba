"""What the native library does, with arrays and bytes as Python has them.

Every function may return None: what it was given is not for it, and the caller takes its other way.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzers.columns import Bools, Int32, Int64, UInt64

_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_SIGNATURES: Mapping[str, Sequence[Any]] = {
    "hypocenter_outlines": (_POINTER, _SIZE, _POINTER, _SIZE, _POINTER, _POINTER, _SIZE, _POINTER),
    "hypocenter_levels": (ctypes.c_char_p, _SIZE, _POINTER, _SIZE, _POINTER, _POINTER, _SIZE, _POINTER),
    "hypocenter_walk": (
        *(ctypes.c_char_p, _SIZE, _POINTER, _POINTER, _SIZE),
        *(ctypes.c_char_p, _SIZE, ctypes.c_char_p, _SIZE, _POINTER, _POINTER),
        *(_POINTER, _POINTER, _POINTER, _POINTER, _SIZE),
    ),
    "hypocenter_log_columns": (
        *(ctypes.c_char_p, _SIZE, _POINTER, _POINTER, _SIZE, _POINTER, _SIZE, ctypes.c_int64),
        *(_POINTER, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER),
        *(_POINTER, _SIZE),
    ),
    "hypocenter_check_logs": (ctypes.c_char_p, _SIZE),
}
# Bytes of a request that hold one record, and records that hold one level's event: the first guess at the room needed.
_RECORD_BYTES, _EVENTS = 128, 256


def declare(library: ctypes.CDLL) -> None:
    """Raises `AttributeError` where a function is missing."""
    for name, arguments in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, ctypes.c_int64


@dataclass(frozen=True, slots=True)
class NativeLevels:
    """What is met, in the order of the bytes; rows of `events` are a kind and two numbers."""

    # A group begins; its resource, or a piece of it, from where to where; the same for its parts and their scopes; and
    # records side by side: how many.
    GROUP: ClassVar[int] = 0
    RESOURCE: ClassVar[int] = 1
    PART: ClassVar[int] = 2
    SCOPE: ClassVar[int] = 3
    RUN: ClassVar[int] = 4

    events: Int64
    start: Int64
    end: Int64


@dataclass(frozen=True, slots=True)
class NativeWalk:
    """`at` and `size` have a row for each single tag; of `occurrences` a row is (which repeated tag, message, at,
    size)."""

    at: Int64
    size: Int64
    occurrences: Int64
    odd: Bools


@dataclass(frozen=True, slots=True)
class NativeLogColumns:
    """An entry a record, as `analyzers/otlp/log_columns.py` has them; of `rare` a row is (kind, record, at, size)."""

    # Kinds of what few records have: an attribute, the name of a severity, the name of an event.
    ATTRIBUTE: ClassVar[int] = 0
    SEVERITY: ClassVar[int] = 1
    EVENT: ClassVar[int] = 2

    odd: Bools
    time: Int64
    observed: Int64
    severity: Int32
    text_at: Int64
    text_size: Int64
    trace_id: UInt64
    span_id: UInt64
    rare: Int64


class Native:
    """A loaded library. Calls let other threads run, and keep nothing."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def outlines(self, bodies: "pa.StringArray") -> tuple[Int32, list[str]] | None:
        """For each body the place of its outline, -1 where that has to be found elsewhere; and the different outlines,
        in the order in which they come."""
        rows = len(bodies)
        _, offsets, data = bodies.buffers()
        if not rows or data is None or bodies.null_count:
            return None
        first = offsets.address + 4 * bodies.offset
        used = np.frombuffer(offsets, dtype=np.int32, count=rows + 1, offset=4 * bodies.offset)
        # A number of one digit becomes two letters; a cut is marked.
        room = 2 * int(used[-1] - used[0]) + rows
        codes, ends = np.empty(rows, dtype=np.int32), np.empty(rows, dtype=np.int64)
        text = np.empty(room, dtype=np.uint8)
        count = self._library.hypocenter_outlines(
            data.address, data.size, first, rows, _of(codes), _of(text), room, _of(ends)
        )
        if count < 0:
            return None
        bounds = ends[:count].tolist()
        whole = text[: bounds[-1] if bounds else 0].tobytes()
        return codes, [whole[start:end].decode() for start, end in zip([0, *bounds], bounds, strict=False)]

    def levels(self, data: bytes, size: int) -> NativeLevels | None:
        """Of the first `size` bytes."""
        records, events = size // _RECORD_BYTES + 16, size // (_RECORD_BYTES * _EVENTS) + 64
        counts = np.zeros(2, dtype=np.int64)
        while True:
            table = np.empty((events, 3), dtype=np.int64)
            start, end = np.empty(records, dtype=np.int64), np.empty(records, dtype=np.int64)
            if self._library.hypocenter_levels(
                data, size, _of(table), events, _of(start), _of(end), records, _of(counts)
            ):
                return None
            found, held = counts.tolist()
            if found <= events and held <= records:
                return NativeLevels(table[:found], start[:held], end[:held])
            events, records = found, held

    def walk(
        self,
        data: bytes,
        start: Int64,
        end: Int64,
        single: Sequence[int],
        repeated: Mapping[int, Sequence[int]],
    ) -> NativeWalk | None:
        """`repeated` are tags, each with the first eight bytes of the names that are wanted; all where there are
        none."""
        rows = len(start)
        start, end = np.ascontiguousarray(start, dtype=np.int64), np.ascontiguousarray(end, dtype=np.int64)
        at = np.empty((len(single), rows), dtype=np.int64)
        size = np.empty_like(at)
        odd = np.empty(rows, dtype=np.bool_)
        names = np.array([name for wanted in repeated.values() for name in wanted], dtype=np.uint64)
        counts = np.array([len(wanted) for wanted in repeated.values()], dtype=np.uint64)
        walk = partial(
            self._library.hypocenter_walk,
            *(data, len(data), _of(start), _of(end), rows),
            *(bytes(single), len(single), bytes(repeated), len(repeated), _of(names), _of(counts)),
            *(_of(at), _of(size), _of(odd)),
        )
        occurrences = _rows_of_four(walk, rows + 64)
        return None if occurrences is None else NativeWalk(at, size, occurrences, odd)

    def log_columns(
        self, data: bytes, start: Int64, end: Int64, names: Sequence[int], most_text: int
    ) -> NativeLogColumns | None:
        """`names` are the first eight bytes of the keys of attributes that are wanted, at least one; records with texts
        longer than `most_text` bytes are odd."""
        rows = len(start)
        start, end = np.ascontiguousarray(start, dtype=np.int64), np.ascontiguousarray(end, dtype=np.int64)
        wanted = np.array(names, dtype=np.uint64)
        columns = (
            np.empty(rows, dtype=np.bool_),
            np.empty(rows, dtype=np.int64),
            np.empty(rows, dtype=np.int64),
            np.empty(rows, dtype=np.int32),
            np.empty(rows, dtype=np.int64),
            np.empty(rows, dtype=np.int64),
            np.empty((rows, 2), dtype=np.uint64),
            np.empty(rows, dtype=np.uint64),
        )
        log_columns = partial(
            self._library.hypocenter_log_columns,
            *(data, len(data), _of(start), _of(end), rows, _of(wanted), len(wanted), most_text),
            *(_of(column) for column in columns),
        )
        rare = _rows_of_four(log_columns, 64)
        return None if rare is None else NativeLogColumns(*columns, rare)

    def check_logs(self, body: bytes) -> tuple[int, bool] | None:
        """How many records a request stands for, and whether some sender has no name. None: the parser has to say."""
        found = int(self._library.hypocenter_check_logs(body, len(body)))
        return None if found < 0 else (found >> 1, bool(found & 1))


def _rows_of_four(call: Callable[[int, int], int], room: int) -> Int64 | None:
    """What a function that is given room for so many rows writes there. It says how many there are, and is called
    again where that was more; None where it says that it can't."""
    while True:
        rows = np.empty((room, 4), dtype=np.int64)
        found = call(_of(rows), room)
        if found < 0:
            return None
        if found <= room:
            return rows[:found]
        room = found


def _of(array: npt.NDArray[Any]) -> int:
    address: int = array.ctypes.data
    return address
