"""What the children of each span come to."""

from dataclasses import dataclass

import numpy as np

from analyzers.columns import Bools, Int64
from analyzers.spans.columns import Columns
from analyzers.spans.family import Pairs


@dataclass(frozen=True, slots=True)
class Children:
    """One entry a row, of its children that came before it."""

    count: Int64
    # Nanoseconds during which at least one of them ran.
    covered: Int64
    # Whether one of them failed; whether one is of another service.
    failed: Bools
    remote: Bools

    @classmethod
    def of(cls, pairs: Pairs, columns: Columns) -> "Children":
        size, parent, child = len(columns.rows), pairs.parent, pairs.child
        failed, remote = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
        failed[parent[columns.error.take(child)]] = True
        remote[parent[columns.service.take(parent) != columns.service.take(child)]] = True
        count = np.bincount(parent, minlength=size)
        return cls(count, _covered(pairs, columns, count), failed, remote)


def _covered(pairs: Pairs, columns: Columns, count: Int64) -> Int64:
    covered = np.zeros(len(columns.rows), dtype=np.int64)
    # What of the child lies within the parent.
    start = np.maximum(columns.start.take(pairs.child), columns.start.take(pairs.parent))
    end = np.minimum(columns.end.take(pairs.child), columns.end.take(pairs.parent))
    single = count.take(pairs.parent) == 1
    covered[pairs.parent[single]] = np.maximum(end - start, 0)[single]
    several = np.flatnonzero(~single)
    if len(several):
        parent = pairs.parent.take(several)
        order = several.take(np.lexsort((start.take(several), parent)))
        parent = pairs.parent.take(order)
        first = np.flatnonzero(np.r_[True, parent[1:] != parent[:-1]])
        lengths = _union(start.take(order), end.take(order), first)
        covered[parent[first]] = np.add.reduceat(lengths, first)
    return covered


def _union(start: Int64, end: Int64, first: Int64) -> Int64:
    """What each interval adds to those of its group before it. Groups begin at `first`; in a group starts ascend."""
    # How far a group has reached: the running maximum of its ends. As ranks these are small, so that those of a later
    # group can be lifted above all before.
    order = np.argsort(end)
    rank = np.empty(len(end), dtype=np.int64)
    rank[order] = np.arange(len(end))
    group = np.zeros(len(end), dtype=np.int64)
    group[first[1:]] = 1
    lift = np.cumsum(group) * len(end)
    reached = end[order[np.maximum.accumulate(rank + lift) - lift]]
    before = np.empty_like(start)
    before[1:] = reached[:-1]
    before[first] = start[first]
    return np.maximum(end - np.maximum(start, before), 0)
