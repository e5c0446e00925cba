"""What the children of each span come to."""

from dataclasses import dataclass

import numpy as np
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.columns import Bools, Int64
from analyzers.spans.columns import Columns
from analyzers.spans.family import Family, Pairs

# Of a span, the part that is nothing where clocks differ.
_BLUR = 64


@dataclass(frozen=True, slots=True)
class Children:
    """One entry a row, of its children that ended before it or with it, see `ended_with`."""

    count: Int64
    # Nanoseconds during which at least one of them ran.
    covered: Int64
    # Whether one of them failed; whether one is of another service.
    failed: Bools
    remote: Bools
    # Whether it is the caller's half of a call whose other half is not known, or a message that was sent, whoever takes
    # it; and whether it is the half of one that failed though the other half didn't: what went wrong, or took long, did
    # so between the two or beyond.
    unanswered: Bools
    lost: Bools
    # Whether clocks differ so much that nothing, or next to nothing, is left of it beside its children.
    blurred: Bools

    @classmethod
    def of(cls, family: Family, columns: Columns) -> "Children":
        pairs = _ended(family, columns)
        size, parent, child = len(columns.rows), pairs.parent, pairs.child
        failed, remote = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
        failed[parent[columns.error.take(child)]] = True
        remote[parent[columns.service.take(parent) != columns.service.take(child)]] = True
        count = np.bincount(parent, minlength=size)
        calling = (columns.peer >= 0) & ~columns.consuming
        unanswered = calling & (~remote | columns.producing) & ~_wrapping(pairs, columns)
        lost = (calling | (columns.rows["kind"] == Span.SPAN_KIND_CLIENT)) & remote & columns.error & ~failed
        began = _began(pairs, columns)
        covered = _covered(pairs, began, columns, count)
        blurred = np.zeros(size, dtype=np.bool_)
        blurred[parent[began != columns.start.take(child)]] = True
        blurred &= columns.duration - covered < columns.duration // _BLUR
        return cls(count, covered, failed, remote, unanswered, lost, blurred)


def _wrapping(pairs: Pairs, columns: Columns) -> Bools:
    """What says whom it calls and not that it is a call, around what is a call by its kind."""
    found = np.zeros(len(columns.rows), dtype=np.bool_)
    within = columns.service.take(pairs.parent) == columns.service.take(pairs.child)
    found[pairs.parent[within & columns.calling.take(pairs.child)]] = True
    found &= columns.rows["kind"] <= Span.SPAN_KIND_INTERNAL
    return found


def ended_with(family: Family, columns: Columns) -> Bools:
    """Which of `family.after` ended with their parents.

    Those at the same moment: that is in one bucket, in an order that says nothing. Clocks of whole milliseconds are
    common, and a call often is the last thing its caller does. And what was called in another service and ended
    later, as far as its own clock tells: a call that is no longer than its caller's half lies within it.
    """
    parent, child = family.after.parent, family.after.child
    end, start, service = columns.end, columns.start, columns.service
    here = np.zeros(len(columns.rows), dtype=np.bool_)
    here[family.counted] = True
    # A call that failed though what it began later did not was given up before that.
    given_up = columns.error.take(parent) & ~columns.error.take(child) & (start.take(child) >= end.take(parent))
    fits = (
        (service.take(parent) != service.take(child))
        & ~columns.unwaited(parent, child)
        & ~given_up
        & (end.take(child) - start.take(child) <= end.take(parent) - start.take(parent))
    )
    together: Bools = here.take(parent) & ((end.take(parent) == end.take(child)) | fits)
    return together


def _ended(family: Family, columns: Columns) -> Pairs:
    before, after = family.before, family.after
    same = np.flatnonzero(ended_with(family, columns))
    if not len(same):
        return before
    return Pairs(
        np.concatenate([before.parent, after.parent.take(same)]), np.concatenate([before.child, after.child.take(same)])
    )


def _covered(pairs: Pairs, began: Int64, columns: Columns, count: Int64) -> Int64:
    covered = np.zeros(len(columns.rows), dtype=np.int64)
    # What of the child lies within the parent.
    start = np.maximum(began, columns.start.take(pairs.parent))
    end = np.minimum(began + columns.duration.take(pairs.child), columns.end.take(pairs.parent))
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


def _began(pairs: Pairs, columns: Columns) -> Int64:
    """When each child began by its parent's clock, as far as one can tell: of another service by another clock, so that
    a call somebody waited for is moved to where it lies within its caller's half, if it is no longer than that."""
    start, first = columns.start.take(pairs.child), columns.start.take(pairs.parent)
    last = columns.end.take(pairs.parent) - columns.duration.take(pairs.child)
    astray = np.flatnonzero(
        ((start < first) | (start > last))
        & (first <= last)
        & (columns.service.take(pairs.parent) != columns.service.take(pairs.child))
    )
    moved = astray[~columns.unwaited(pairs.parent.take(astray), pairs.child.take(astray))]
    start[moved] = np.clip(start.take(moved), first.take(moved), last.take(moved))
    return start


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
