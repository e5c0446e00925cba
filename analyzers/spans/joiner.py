"""Halves of calls that find each other, within a bucket and beyond it."""

import numpy as np

from analyzers.columns import Int64, UInt64
from analyzers.spans.family import Family, FamilyBuilder
from analyzers.spans.generation import Generation
from analyzers.spans.index import Index
from analyzers.spans.rows import SpanRows, keys_of, same

# Spans looked at together, at the least; more where more fit into a generation.
_STRETCH = 4096


class Joiner:
    """Remembers two generations of spans, bounded by time and by number."""

    def __init__(self, capacity: int, wait: int) -> None:
        """`capacity` is that of one generation, `wait` how long one lasts, in nanoseconds of event time."""
        self._capacity = capacity
        self._wait = wait
        self.young = Generation()
        self.old = Generation()
        # Spans dropped because the capacity was reached before their time was up.
        self.evicted = 0

    def __len__(self) -> int:
        return len(self.young) + len(self.old)

    def join(self, rows: SpanRows) -> Family:
        """`rows` are in event-time order."""
        family, first = FamilyBuilder(rows), 0
        ends = np.ascontiguousarray(rows["end"])
        self.young.begin()
        self.old.begin()
        while first < len(rows):
            self._turn(int(ends[first]))
            # All of these are of the young generation, unless it is full before.
            last = int(np.searchsorted(ends, self.young.since + self._wait))
            last = min(last, first + max(_STRETCH, 2 * (self._capacity - len(self.young))))
            first = self._join_stretch(rows, first, max(last, first + 1), family)
        return family.build()

    def _turn(self, now: int) -> None:
        full = len(self.young) >= self._capacity
        if full or now >= self.young.since + self._wait:
            if full and now < self.young.since + self._wait:
                self.evicted += len(self.old)
            self.old, self.young = self.young, Generation(now)

    def _join_stretch(self, rows: SpanRows, first: int, last: int, family: FamilyBuilder) -> int:
        """Join rows from `first` on, up to `last` or to where the young generation is full; returns where it ended."""
        stretch = rows[first:last]
        keys = keys_of(stretch)
        fresh = self._fresh(stretch, keys)
        room = self._capacity - len(self.young)
        if len(fresh) >= room:
            last = first + (int(fresh[room - 1]) + 1 if room > 0 else 1)
            stretch, keys, fresh = rows[first:last], keys[: last - first], fresh[fresh < last - first]
        # Without an id a span can't be joined, and another one without is no duplicate of it.
        nameless = np.flatnonzero(stretch["span"] == 0)
        family.count(first + (np.sort(np.concatenate([fresh, nameless])) if len(nameless) else fresh))
        if len(fresh) < len(stretch):
            stretch, keys = stretch.take(fresh), keys.take(fresh)
        self._join_fresh(stretch, keys, first + fresh, family)
        return last

    def _fresh(self, rows: SpanRows, keys: UInt64) -> Int64:
        """Those that have an id and were not seen before, neither earlier nor among these; ascending."""
        named = np.flatnonzero(rows["span"])
        order = named.take(np.argsort(keys.take(named)))
        ascending = keys.take(order)
        gone = [
            *(generation.seen(rows, ascending, order) for generation in (self.young, self.old)),
            _repeated(rows, order, ascending),
        ]
        if not any(map(len, gone)):
            return named
        kept = np.zeros(len(rows), dtype=np.bool_)
        kept[named] = True
        kept[np.concatenate(gone)] = False
        return np.flatnonzero(kept)

    def _join_fresh(self, rows: SpanRows, keys: UInt64, places: Int64, family: FamilyBuilder) -> None:
        """`places` are those of the rows in the family."""
        order = np.argsort(keys)
        index = Index(keys.take(order), order)
        for generation in (self.young, self.old):
            children, parents = generation.take_children(index, rows)
            if len(parents):
                family.add_before(places[parents], generation.into(family, children))
        called = np.flatnonzero(rows["parent"])
        callers = keys_of(rows, "parent").take(called)
        which, found = index.find(callers)
        sound = same(rows.take(called[which]), "parent", rows.take(found))
        which, found = which[sound], found[sound]
        child = called[which]
        ahead = child < found
        family.add_before(places[found[ahead]], places[child[ahead]])
        ahead = child > found
        family.add_after(places[found[ahead]], places[child[ahead]])
        alone = np.ones(len(called), dtype=np.bool_)
        alone[which] = False
        for generation in (self.young, self.old):
            left = np.flatnonzero(alone)
            which, found = generation.parents(rows, called[left], callers[left])
            if len(which):
                family.add_after(generation.into(family, found), places[called[left[which]]])
                alone[left[which]] = False
        self.young.add(rows, keys, order, called[alone], places)


def _repeated(rows: SpanRows, order: Int64, keys: UInt64) -> Int64:
    """All but the first of those with the same id; `keys` ascend in `order`."""
    alike = keys[1:] == keys[:-1]
    if not alike.any():
        return order[:0]
    # Few: put in full order, by place in the end.
    some = np.sort(order[np.append(alike, False) | np.insert(alike, 0, False)])
    found = rows.take(some)
    sorting = np.lexsort((found["span"], found["trace_low"], found["trace_high"]))
    some, found = some[sorting], found[sorting]
    again = np.zeros(len(some), dtype=np.bool_)
    again[1:] = same(found[1:], "span", found[:-1])
    return some[again]
