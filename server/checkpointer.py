"""When and how what was learned is written down, and taken up again at a start."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from analyzers.summary import Summary
from server.checkpoint import CheckpointFolder, CheckpointState
from server.duplicates import SeenBatches
from server.engine import Engine
from server.errands import Errands
from server.journal import START, Journal, Position
from server.ledger import Ledger, LedgerState
from server.metrics import Metrics

_log = logging.getLogger(__name__)
# A checkpoint may take this share of the time at most.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """Where it is kept."""

    folder: CheckpointFolder
    journal: Journal


class Checkpointer:
    """Works in the thread of the pipeline, between two deliveries. Without a place to keep things it does nothing."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        seen: SeenBatches,
        metrics: Metrics,
        kept: Kept | None = None,
        every: float = 10.0,
    ) -> None:
        """`every`: seconds between two checkpoints at least; more when one takes long."""
        self._engine = engine
        self._ledger = ledger
        self._seen = seen
        self._metrics = metrics
        self._kept = kept
        self._every = every
        self._saved = START
        self._next = 0.0
        self._state: CheckpointState | None = None
        # What others want done in the thread of the pipeline.
        self.errands = Errands()

    def restore(self, state: CheckpointState, buckets: Iterable[Summary]) -> None:
        """Take up what was kept."""
        self._state = state
        self._engine.restore(state.engine, buckets)
        self._ledger.restore(state.ledger)
        self._seen.restore(state.seen)
        self._saved = state.position

    def tick(self, position: Position) -> None:
        """Run the errands whose turn it is, and save if it is time to."""
        self.errands.run(position)
        if time.monotonic() >= self._next:
            self.save(position)

    def save_now(self, position: Position) -> None:
        """Whatever was saved before. In the thread of the pipeline only. Raises `OSError`."""
        if self._kept is not None:
            self._write(position, self._kept)
            self._saved = position

    def saved_ledger(self) -> LedgerState:
        """As it was saved last; in the thread of the pipeline only."""
        return self._state.ledger if self._state else LedgerState()

    def save(self, position: Position) -> None:
        """Everything up to `position` is counted. What can't be written is tried again; the journal waits for it."""
        if self._kept is None or position == self._saved:
            return
        started = time.monotonic()
        try:
            self._write(position, self._kept)
        except OSError as error:
            self._metrics.checkpoint_failures.inc()
            _log.error("the checkpoint could not be written and is tried again: %s", error)
        else:
            self._saved = position
        took = time.monotonic() - started
        self._metrics.analysis.labels("checkpoint").observe(took)
        self._next = time.monotonic() + max(self._every, _SHARE * took)

    def _write(self, position: Position, kept: Kept) -> None:
        archive = self._engine.timeline.archive
        # What the state refers to is changed by the pipeline alone, in whose thread this is; so readers and people
        # need not be kept out while it is written, which takes its time.
        with self._engine.lock:
            changed = archive.take_changed()
            previous = self._state
            state = CheckpointState(
                position,
                self._ledger.state(),
                self._seen.state(),
                self._engine.state(),
                previous.buckets if previous else {},
                previous.generation if previous else 0,
            )
            held = set(archive.starts())
        written = (bucket for start in sorted(changed) if (bucket := archive.get(start)) is not None)
        try:
            kept.folder.save(state, written, held)
        except OSError:
            with self._engine.lock:
                archive.mark_changed(changed)
            raise
        self._state = state
        kept.journal.release(position)
