"""Spans as rows of one array, all of one size, so that holding, picking and keeping them is copying bytes."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analyzers.columns import Bools, Int64, Peer, SpanBatch, UInt64
from analyzers.service import Resource
from analyzers.spans.lexicon import Lexicon, Words

# 64 bytes. Ids are little-endian words, 0 for none; what is an i4 is a number of the lexicon, -1 for none.
ROW = np.dtype(
    [
        ("end", "<i8"),
        ("start", "<i8"),
        ("trace_high", "<u8"),
        ("trace_low", "<u8"),
        ("span", "<u8"),
        ("parent", "<u8"),
        ("resource", "<i4"),
        ("name", "<i4"),
        ("peer", "<i4"),
        ("kind", "u1"),
        ("error", "?"),
        ("unused", "<u2"),
    ]
)
SpanRows: TypeAlias = npt.NDArray[np.void]
NO_ROWS: SpanRows = np.zeros(0, dtype=ROW)


def rows_of(batch: SpanBatch, lexicon: Lexicon) -> SpanRows:
    """The batch in the order sent."""
    rows = np.zeros(len(batch), dtype=ROW)
    rows["end"], rows["start"] = batch.end_unix_nano, batch.start_unix_nano
    rows["trace_high"], rows["trace_low"] = batch.trace_id[:, 0], batch.trace_id[:, 1]
    rows["span"], rows["parent"] = batch.span_id, batch.parent_span_id
    rows["resource"] = lexicon.resources.numbers(batch.resources)[batch.resource]
    rows["name"] = lexicon.names.numbers(batch.names)[batch.name]
    rows["kind"], rows["error"] = batch.kind, batch.error
    # The last place stands for none.
    rows["peer"] = np.append(lexicon.peers.numbers(batch.peers), np.int32(-1))[batch.peer]
    return rows


def joined(parts: Sequence[SpanRows]) -> SpanRows:
    return np.concatenate(parts) if parts else NO_ROWS


def forget_words(lexicon: Lexicon, parts: Sequence[SpanRows]) -> None:
    """Keep only the words that these rows, which are all there are, have numbers of; the numbers change with it."""
    words: tuple[tuple[str, Words[Resource] | Words[str] | Words[Peer]], ...] = (
        ("resource", lexicon.resources),
        ("name", lexicon.names),
        ("peer", lexicon.peers),
    )
    for field, known in words:
        # The last place stands for none.
        used = np.zeros(len(known) + 1, dtype=np.bool_)
        for part in parts:
            used[part[field]] = True
        moved = np.append(known.forget_but(np.flatnonzero(used[:-1])), np.int32(-1))
        for part in parts:
            part[field] = moved[part[field]]


def event_order(rows: SpanRows, lexicon: Lexicon) -> Int64:
    """By end, then ids, then the rest: the same for the same spans however they came."""
    ends = np.ascontiguousarray(rows["end"])
    order = np.argsort(ends)
    tied = _runs(ends[order])
    if len(tied):
        # What ends at the same moment is few; sorting it thoroughly takes long.
        alike = np.sort(order[tied])
        few = rows.take(alike)
        order[tied] = alike[
            np.lexsort(
                (
                    few["error"],
                    few["kind"],
                    lexicon.alphabetical(few["name"]),
                    few["start"],
                    few["parent"].byteswap(),
                    few["span"].byteswap(),
                    few["trace_low"].byteswap(),
                    few["trace_high"].byteswap(),
                    few["end"],
                )
            )
        ]
    return order


def _runs(ascending: Int64) -> Int64:
    """Places of those that are equal to a neighbour."""
    same = ascending[1:] == ascending[:-1]
    if not same.any():
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))


def keys_of(rows: SpanRows, field: str = "span") -> UInt64:
    """One word for each span's id, or that of its parent: for the trace's and its own. Different ids may share one, so
    what is found by it is compared in full."""
    mixed = rows["trace_high"] * _ODD[0]
    mixed = (mixed ^ mixed >> _HALF) + rows["trace_low"]
    mixed *= _ODD[1]
    mixed = (mixed ^ mixed >> _HALF) + rows[field]
    mixed *= _ODD[2]
    found: UInt64 = mixed ^ mixed >> _HALF
    return found


def same(rows: SpanRows, field: str, found: SpanRows) -> Bools:
    """Whether the spans of `found`, row by row, are those that `field` of `rows` names."""
    alike: Bools = (
        (rows[field] == found["span"])
        & (rows["trace_high"] == found["trace_high"])
        & (rows["trace_low"] == found["trace_low"])
    )
    return alike


_HALF = np.uint64(32)
# Any odd numbers without a pattern will do; these are the first digits of the square roots of 2, 3 and 5.
_ODD = tuple(np.uint64(number) for number in (0xB504F333F9DE6485, 0xBB67AE8584CAA73B, 0x9E3779B97F4A7C15))
