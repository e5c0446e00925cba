"""Spans of one bucket with their parents and children, some of which ended in other buckets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import Bools, Int64
from analyzers.spans.rows import SpanRows, joined


@dataclass(frozen=True, slots=True)
class Pairs:
    """Places of parents and their children."""

    parent: Int64
    child: Int64


@dataclass(frozen=True, slots=True)
class Family:
    """All are places in `rows`, of which the first are in event-time order."""

    rows: SpanRows
    # The different spans of this bucket, ascending. Others were counted in theirs.
    counted: Int64
    # Children that came before their parent, which is counted here; and those that came after.
    before: Pairs
    after: Pairs
    # For each row, whether its id tells it from all others that are counted: it has one, and was not sent again after
    # it had been forgotten.
    distinct: Bools


@dataclass(slots=True)
class FamilyBuilder:
    """Puts together what is found stretch by stretch."""

    rows: SpanRows
    _counted: list[Int64] = field(default_factory=list)
    _before: list[Pairs] = field(default_factory=list)
    _after: list[Pairs] = field(default_factory=list)
    _others: list[SpanRows] = field(default_factory=list)
    _size: int = 0

    def count(self, places: Int64) -> None:
        self._counted.append(places)

    def add_before(self, parent: Int64, child: Int64) -> None:
        self._before.append(Pairs(parent, child))

    def add_after(self, parent: Int64, child: Int64) -> None:
        self._after.append(Pairs(parent, child))

    def bring(self, rows: SpanRows) -> Int64:
        """Take in rows from elsewhere; their places."""
        first = len(self.rows) + self._size
        self._others.append(rows)
        self._size += len(rows)
        return np.arange(first, first + len(rows))

    def build(self) -> Family:
        counted = _joined(self._counted)
        rows = joined([self.rows, *self._others]) if self._size else self.rows
        before, after = _pairs(self._before), _pairs(self._after)
        if self._size and len(self._counted) > 1:
            # The same may have been brought for several stretches.
            one = _unified(rows, np.arange(len(self.rows), len(rows)))
            before, after = Pairs(one[before.parent], one[before.child]), Pairs(one[after.parent], one[after.child])
        distinct = rows["span"] != 0
        if len(self._counted) > 2:
            # Only from one generation to the one after the next is anything forgotten.
            distinct &= _unified(rows, counted) == np.arange(len(rows))
        return Family(rows, counted, before, after, distinct)


def _unified(rows: SpanRows, places: Int64) -> Int64:
    """For each row, the first of `places` that is the same span."""
    found = rows.take(places)
    order = np.lexsort((found["span"], found["trace_low"], found["trace_high"]))
    ids = found.take(order)
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (
        (ids["span"][1:] != ids["span"][:-1])
        | (ids["trace_low"][1:] != ids["trace_low"][:-1])
        | (ids["trace_high"][1:] != ids["trace_high"][:-1])
    )
    first = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    one = np.arange(len(rows))
    one[places[order]] = places[order[first]]
    return one


def _joined(parts: Sequence[Int64]) -> Int64:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _pairs(parts: Sequence[Pairs]) -> Pairs:
    return Pairs(_joined([part.parent for part in parts]), _joined([part.child for part in parts]))
