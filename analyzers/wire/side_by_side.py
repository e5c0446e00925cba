"""Thousands of messages read in columns, with nothing but numpy."""

import numpy as np
import numpy.typing as npt

from analyzers.columns import Int64
from analyzers.wire.fields import FIXED32, FIXED64, LENGTH, VARINT, Field, Repeated, Walk
from analyzers.wire.wire import Wire

# Stands where a message has ended; above every byte.
_ENDED = 256
# Fields of one message that are read; a longer one is left to the parser, so that nobody can make all others wait.
_MOST_FIELDS = 192
# Bytes of a varint that are read: lengths and small numbers. A longer one is left to the parser.
VARINT_BYTES = 4
# Stands for all field numbers of more than one byte of tag.
_BEYOND = 16
_FIXED = {FIXED64: 8, FIXED32: 4}


def walk_side_by_side(
    wire: Wire, start: Int64, end: Int64, single: tuple[int, ...], repeated: tuple[int, ...] = ()
) -> Walk:
    """See `walk`. All messages advance together, those with the smallest tag first: writers keep the order of fields,
    so that most messages stand at the same field at any time and a step costs a few native calls for all of them."""
    count = len(start)
    found = {tag: Field(np.full(count, -1), np.zeros(count, dtype=np.int64)) for tag in single}
    more: dict[int, list[tuple[Int64, Int64, Int64]]] = {tag: [] for tag in repeated}
    odd = np.zeros(count, dtype=np.bool_)
    at = start.astype(np.int64)
    tags = _tags(wire, at, end)
    for _ in range(_MOST_FIELDS + 1):
        tag = int(tags.min(initial=_ENDED))
        if tag == _ENDED:
            break
        here = tags == tag
        # Without an index nothing has to be gathered and scattered.
        rows = slice(None) if here.all() else np.flatnonzero(here)
        place, ends = at[rows], end[rows]
        number, kind, head = tag >> 3, tag & 7, 1
        if tag >= 0x80:
            # Two bytes of tag or more: none of the fields that are asked for.
            number, head = _BEYOND, 2
        value, size, sound = _value(wire, place + head, kind)
        after = value + size if kind == LENGTH else value + _FIXED.get(kind, 0)
        wrong = ~sound | (after > ends)
        if number == _BEYOND:
            following = wire.octets.take(place + 1)
            # Three bytes or more, or two where one would do: legal, and nobody's writing.
            wrong |= (following >= 0x80) | (following == 0)
        elif tag in found:
            found[tag].at[rows], found[tag].size[rows] = value, size
        elif tag in more:
            more[tag].append((np.arange(count)[rows], value, size))
        if wrong.any() or not number:
            wrong |= not number
            odd[np.arange(count)[rows][wrong]] = True
            after[wrong] = ends[wrong]
        at[rows] = after
        tags[rows] = _tags(wire, after, ends)
    odd |= tags != _ENDED
    return Walk(found, {tag: _joined(parts) for tag, parts in more.items()}, odd)


def varints(wire: Wire, at: Int64) -> tuple[Int64, Int64, npt.NDArray[np.bool_]]:
    """The varint at each place: its value, where it ends, and whether it is short enough to be read here."""
    first = wire.octets.take(at).astype(np.int64)
    value, after = first & 0x7F, at + 1
    sound = np.ones(len(at), dtype=np.bool_)
    open_rows = np.flatnonzero(first >= 0x80)
    for byte in range(1, VARINT_BYTES):
        if not len(open_rows):
            break
        following = wire.octets.take(after[open_rows]).astype(np.int64)
        value[open_rows] |= (following & 0x7F) << (7 * byte)
        after[open_rows] += 1
        open_rows = open_rows[following >= 0x80]
    sound[open_rows] = False
    return value, after, sound


def _value(wire: Wire, at: Int64, kind: int) -> tuple[Int64, Int64, npt.NDArray[np.bool_]]:
    """Where the value starts, or where it ends for a varint; its size, or the value itself of a varint; and whether
    it could be read."""
    if kind in (VARINT, LENGTH):
        number, after, sound = varints(wire, at)
        return after, number, sound
    return at, np.zeros(len(at), dtype=np.int64), np.full(len(at), kind in _FIXED)


def _tags(wire: Wire, at: Int64, end: Int64) -> npt.NDArray[np.int16]:
    # A message that ends here is read as whatever comes after it; the padding makes room for that.
    tags = wire.octets.take(at).astype(np.int16)
    tags[at >= end] = _ENDED
    return tags


def _joined(parts: list[tuple[Int64, Int64, Int64]]) -> Repeated:
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return Repeated(empty, empty, empty)
    row, at, size = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Repeated(row, at, size)
