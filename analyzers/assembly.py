"""Spans into operations and edges: what a span spent itself, where an error began, what lies between two halves.

Spans are joined in event-time order (their end), so the result is a function of the set of spans, not of the order in
which they came. A child ends before its parent; what a parent spent itself is therefore known when the parent comes.
Only asynchronous children end later: they join with a parent that has been seen already.
"""

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import Int64, Peer, SpanBatch, UInt64
from analyzers.service import Resource
from analyzers.spans.counting import count_family
from analyzers.spans.ended import Ended
from analyzers.spans.entrances import OTHER_OPERATION
from analyzers.spans.family import Family, FamilyBuilder
from analyzers.spans.generation import Generation, GenerationState
from analyzers.spans.index import Index
from analyzers.spans.lexicon import Lexicon, Words
from analyzers.spans.rows import ROW, SpanRows, event_order, forget_words, joined, keys_of, rows_of, same
from analyzers.summary import Summary

__all__ = ["OTHER_OPERATION", "AssemblerState", "AssemblyLimits", "TraceAssembler"]

# Spans looked at together, at the least; more where more fit into a generation.
_STRETCH = 4096
# Words of the lexicon that are put up with before those that nobody uses are looked for.
_WORDS = 4096


@dataclass(frozen=True, slots=True)
class AssemblyLimits:
    """Bounds on what waits for its other half."""

    # Spans remembered; the older generation is dropped when more come.
    open_spans: int = 400_000
    # How long a half waits for the other, in nanoseconds of event time.
    wait: int = 60_000_000_000
    # Operations of one service in one bucket; what is more is counted under "<other>".
    operations: int = 500
    # Edges in one bucket; what is more is counted as one from "<other>" to itself.
    edges: int = 20_000


@dataclass(slots=True)
class AssemblerState:
    """All an assembler remembers. Spans are packed as `ROW`; their numbers are places in the lists."""

    young: GenerationState = field(default_factory=GenerationState)
    old: GenerationState = field(default_factory=GenerationState)
    held: dict[int, bytes] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    evicted: int = 0


class TraceAssembler:
    """Holds spans until their bucket is complete, then joins the halves of calls. Beyond that its memory is two
    generations of spans, bounded by time and by number."""

    def __init__(self, limits: AssemblyLimits | None = None) -> None:
        self._limits = limits or AssemblyLimits()
        self._lexicon = Lexicon()
        # Start of a bucket to its spans as they came.
        self._held: dict[int, list[SpanRows]] = {}
        self._young = Generation()
        self._old = Generation()
        # Size of the lexicon when it was last gone through.
        self._words = 0
        # Halves dropped because the limit was reached before their time was up.
        self.evicted = 0
        # Spans counted under "<other>", and edges that were, each once for a bucket or a run of late spans.
        self.folded = 0
        self.folded_edges = 0

    def __len__(self) -> int:
        """Spans remembered after their bucket was complete."""
        return len(self._young) + len(self._old)

    @property
    def held(self) -> int:
        """Spans of buckets that are not complete."""
        return sum(len(part) for parts in self._held.values() for part in parts)

    @property
    def buckets(self) -> Set[int]:
        """Starts of those buckets."""
        return self._held.keys()

    def hold(self, batch: SpanBatch, buckets: Int64) -> None:
        """Keep spans until `assemble` is called for the start of their bucket."""
        rows = rows_of(batch, self._lexicon)
        starts = np.unique(buckets).tolist()
        for start in starts:
            part = rows if len(starts) == 1 else rows.take(np.flatnonzero(buckets == start))
            self._held.setdefault(start, []).append(part)

    def assemble(self, start: int, summary: Summary) -> Ended:
        """Add what is held of the bucket that starts there, in event-time order, to `summary`, which is that bucket's.
        Returns all that ended in it."""
        rows = joined(self._held.pop(start, []))
        rows = rows.take(event_order(rows, self._lexicon))
        family, limits = self._join(rows), self._limits
        folded = count_family(family, summary, self._lexicon, limits.operations, limits.edges)
        self.folded += folded.spans
        self.folded_edges += folded.edges
        ended = Ended.of(rows, self._lexicon)
        self._forget_words()
        return ended

    def state(self) -> AssemblerState:
        """What it remembers."""
        lexicon = self._lexicon
        return AssemblerState(
            self._young.state(),
            self._old.state(),
            {start: b"".join(part.tobytes() for part in parts) for start, parts in self._held.items()},
            lexicon.resources.known,
            lexicon.names.known,
            lexicon.peers.known,
            self.evicted,
        )

    def restore(self, state: AssemblerState) -> None:
        self._lexicon = Lexicon(Words(state.resources), Words(state.names), Words(state.peers))
        self._young, self._old = Generation.restored(state.young), Generation.restored(state.old)
        self._held = {start: [np.frombuffer(packed, dtype=ROW).copy()] for start, packed in state.held.items()}
        self.evicted = state.evicted

    def _join(self, rows: SpanRows) -> Family:
        family, first = FamilyBuilder(rows), 0
        self._young.begin()
        self._old.begin()
        ends = np.ascontiguousarray(rows["end"])
        while first < len(rows):
            self._turn(int(ends[first]))
            # All of these are of the young generation, unless it is full before.
            last = int(np.searchsorted(ends, self._young.since + self._limits.wait))
            last = min(last, first + max(_STRETCH, 2 * (self._capacity - len(self._young))))
            first = self._join_stretch(rows, first, max(last, first + 1), family)
        return family.build()

    @property
    def _capacity(self) -> int:
        return self._limits.open_spans // 2

    def _turn(self, now: int) -> None:
        full = len(self._young) >= self._capacity
        if full or now >= self._young.since + self._limits.wait:
            if full and now < self._young.since + self._limits.wait:
                self.evicted += len(self._old)
            self._old, self._young = self._young, Generation(now)

    def _join_stretch(self, rows: SpanRows, first: int, last: int, family: FamilyBuilder) -> int:
        """Join rows from `first` on, up to `last` or to where the young generation is full; returns where it ended."""
        stretch = rows[first:last]
        keys = keys_of(stretch)
        fresh = self._fresh(stretch, keys)
        room = self._capacity - len(self._young)
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
            *(generation.seen(rows, ascending, order) for generation in (self._young, self._old)),
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
        for generation in (self._young, self._old):
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
        for generation in (self._young, self._old):
            left = np.flatnonzero(alone)
            which, found = generation.parents(rows, called[left], callers[left])
            if len(which):
                family.add_after(generation.into(family, found), places[called[left[which]]])
                alone[left[which]] = False
        self._young.add(rows, keys, order, called[alone], places)

    def _forget_words(self) -> None:
        """Names are made up without end; those that no span has any more are forgotten."""
        if len(self._lexicon) <= 2 * self._words + _WORDS:
            return
        parts = [self._young.rows, self._old.rows, *(part for parts in self._held.values() for part in parts)]
        forget_words(self._lexicon, parts)
        self._words = len(self._lexicon)


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
