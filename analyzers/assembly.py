"""Spans into operations and edges: what a span spent itself, where an error began, what lies between two halves.

Spans are joined in event-time order (their end), so the result is a function of the set of spans, not of the order in
which they came. A child ends before its parent; what a parent spent itself is therefore known when the parent comes.
Only asynchronous children end later: they join with a parent that has been seen already.
"""

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import Int64, Peer, SpanBatch
from analyzers.service import Resource
from analyzers.spans.answered import Answered
from analyzers.spans.counting import count_family
from analyzers.spans.ended import Ended
from analyzers.spans.entrances import OTHER_OPERATION
from analyzers.spans.generation import Generation, GenerationState
from analyzers.spans.joiner import Joiner
from analyzers.spans.lexicon import Lexicon, Words
from analyzers.spans.rows import ROW, SpanRows, event_order, forget_words, joined, rows_of
from analyzers.summary import Summary

__all__ = ["OTHER_OPERATION", "Assembled", "AssemblerState", "AssemblyLimits", "TraceAssembler"]

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


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the spans of one bucket tell beside their counts."""

    ended: Ended
    answered: Answered


class TraceAssembler:
    """Holds spans until their bucket is complete, then joins the halves of calls. Beyond that its memory is two
    generations of spans, bounded by time and by number."""

    def __init__(self, limits: AssemblyLimits | None = None) -> None:
        self._limits = limits or AssemblyLimits()
        self._lexicon = Lexicon()
        # Start of a bucket to its spans as they came.
        self._held: dict[int, list[SpanRows]] = {}
        self._joiner = Joiner(self._limits.open_spans // 2, self._limits.wait)
        # Size of the lexicon when it was last gone through.
        self._words = 0
        # Spans counted under "<other>", and edges that were, each once for a bucket or a run of late spans.
        self.folded = 0
        self.folded_edges = 0

    def __len__(self) -> int:
        """Spans remembered after their bucket was complete."""
        return len(self._joiner)

    @property
    def evicted(self) -> int:
        """Halves dropped because the limit was reached before their time was up."""
        return self._joiner.evicted

    @property
    def held(self) -> int:
        """Spans of buckets that are not complete. May be asked for by any thread."""
        # A copy in one step: others may add a bucket meanwhile.
        return sum(len(part) for parts in list(self._held.values()) for part in parts)

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

    def assemble(self, start: int, summary: Summary) -> Assembled:
        """Add what is held of the bucket that starts there, in event-time order, to `summary`, that bucket's."""
        rows = joined(self._held.pop(start, []))
        rows = rows.take(event_order(rows, self._lexicon))
        family, limits = self._joiner.join(rows), self._limits
        counted = count_family(family, summary, self._lexicon, limits.operations, limits.edges)
        self.folded += counted.folded_spans
        self.folded_edges += counted.folded_edges
        found = Assembled(Ended.of(rows, self._lexicon), counted.answered)
        self._forget_words()
        return found

    def state(self) -> AssemblerState:
        """What it remembers."""
        lexicon = self._lexicon
        return AssemblerState(
            self._joiner.young.state(),
            self._joiner.old.state(),
            {start: b"".join(part.tobytes() for part in parts) for start, parts in self._held.items()},
            lexicon.resources.known,
            lexicon.names.known,
            lexicon.peers.known,
            self.evicted,
        )

    def restore(self, state: AssemblerState) -> None:
        self._lexicon = Lexicon(Words(state.resources), Words(state.names), Words(state.peers))
        self._joiner.young, self._joiner.old = Generation.restored(state.young), Generation.restored(state.old)
        self._held = {start: [np.frombuffer(packed, dtype=ROW).copy()] for start, packed in state.held.items()}
        self._joiner.evicted = state.evicted

    def _forget_words(self) -> None:
        """Names are made up without end; those that no span has any more are forgotten."""
        if len(self._lexicon) <= 2 * self._words + _WORDS:
            return
        parts = [self._joiner.young.rows, self._joiner.old.rows]
        parts += (part for held in self._held.values() for part in held)
        forget_words(self._lexicon, parts)
        self._words = len(self._lexicon)
