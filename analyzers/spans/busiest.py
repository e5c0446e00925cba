"""The trace that makes most calls of each group: a job that reads a table row by row, a page that asks item by item."""

from collections.abc import Iterator

import numpy as np

from analyzers.columns import Int64, id_bytes
from analyzers.spans.columns import Columns

# Odd numbers by which ids and groups are spread over 64 bits: two that meet there are as rare as two equal random ids.
_HIGH, _GROUP = np.uint64(0xD6E8FEB86659FD93), np.uint64(0x9E3779B97F4A7C15)


def busiest(columns: Columns, group: Int64, place: Int64) -> Iterator[tuple[int, int, bytes]]:
    """For each group in which a trace has several members its number, how many they are, and the id of the trace; of
    several the one with the smallest id. `place` is the row of each member."""
    high, low = columns.rows["trace_high"].take(place), columns.rows["trace_low"].take(place)
    codes = low + high * _HIGH ^ group.astype(np.uint64) * _GROUP
    _, first, sizes = np.unique(codes, return_index=True, return_counts=True)
    several = np.flatnonzero(sizes > 1)
    first, sizes = first.take(several), sizes.take(several)
    groups_of = group.take(first)
    order = np.lexsort((low.take(first), high.take(first), -sizes, groups_of))
    groups_of = groups_of.take(order)
    best = order[np.r_[True, groups_of[1:] != groups_of[:-1]]] if len(order) else order
    members = zip(
        group.take(first.take(best)).tolist(),
        sizes.take(best).tolist(),
        high.take(first.take(best)).tolist(),
        low.take(first.take(best)).tolist(),
        strict=True,
    )
    for number, size, upper, lower in members:
        yield number, size, id_bytes(upper, lower)
