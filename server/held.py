"""Everything behind the doors: what is held, and what works on it."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analyzers.templates import TemplateMiner
from rca.store.patient import PatientStore
from server.checkpoint import CheckpointFolder
from server.checkpointer import Checkpointer, Kept
from server.config import SECOND, Config
from server.configured import data_dir, decode_limits, journal_settings, open_store
from server.duplicates import SeenBatches
from server.engine import Engine, build_engine
from server.feed import IncidentFeed
from server.gauges import folded, gauges, throttled
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.journal import START, Expiry, Journal, Position
from server.ledger import Ledger
from server.memory import Memory, available_bytes, ceiling_of
from server.metrics import LedgerCollector, Metrics
from server.operations.backup import Backup
from server.operations.desk import Work
from server.operations.forgetting import Forgetting
from server.pipeline import Pipeline, PipelineParts
from server.spool import FolderSpool
from server.tracing import build_tracer_provider

_log = logging.getLogger(__name__)
# Seconds for what waits in the inbox, and for the pipeline to note where it stands when that was too little.
_DRAIN = 3.0
_HALT = 3.0


@dataclass(frozen=True, slots=True)
class Held:
    """Everything behind the doors."""

    # The data directory.
    folder: Path
    engine: Engine
    book: IncidentBook
    ledger: Ledger
    miner: TemplateMiner
    checkpointer: Checkpointer
    journal: Journal
    inbox: Inbox
    pipeline: Pipeline

    def work(self, between: Callable[[Callable[[Position], object]], object]) -> Work:
        """`between` runs work where nothing else changes what is known."""
        folder = self.folder
        return Work(
            Backup(folder, self.engine, self.checkpointer, self.journal, between),
            Forgetting(
                self.engine, self.book, self.miner, self.checkpointer, self.journal, folder / "journal", between
            ),
        )

    def stop_pipeline(self) -> None:
        """Within seconds; what it leaves is in the journal."""
        if self.pipeline.stop(_DRAIN):
            return

        def halt(position: Position) -> None:
            self.checkpointer.save(position)
            # Ends the thread of the pipeline.
            raise SystemExit

        self.checkpointer.errands.enter(halt)
        if not self.pipeline.stop(_HALT):
            _log.warning("the pipeline does not end; the next start takes up what it left")
        else:
            _log.info("left %d requests to the next start", self.inbox.pending_requests)


def open_held(config: Config, metrics: Metrics, stops: list[Callable[[], object]]) -> Held:
    """Taken up where it was left. What is to be called at the end, last first, is added to `stops` as it comes.

    Raises `CheckpointError`, `JournalError` and `StoreError`.
    """
    kept_in, ledger = data_dir(config), Ledger()
    provider = build_tracer_provider(os.environ)
    stops.append(provider.shutdown)
    store = PatientStore(open_store(config), metrics.store_failures.inc)
    stops.append(store.close)
    limits = decode_limits(config)
    miner = TemplateMiner()
    seen = SeenBatches()
    folder = CheckpointFolder(kept_in / "checkpoint")
    found = folder.load()
    after = found[0].position if found else START
    journal = Journal(kept_in / "journal", journal_settings(config), after)
    stops.append(journal.close)
    # Not before the journal is ours: so is the folder then.
    engine = build_engine(config, store, FolderSpool(kept_in / "windows"))
    book = IncidentBook(engine, store, IncidentFeed())
    expiry = Expiry(journal)
    expiry.start()
    stops.append(expiry.stop)
    checkpointer = Checkpointer(
        engine, ledger, seen, metrics, Kept(folder, journal), config.journal.checkpoint_every / SECOND
    )
    if found is not None:
        checkpointer.restore(*found)
    parts = PipelineParts(
        engine,
        book,
        ledger,
        metrics,
        provider.get_tracer("hypocenter"),
        miner,
        limits,
        seen,
        checkpointer,
        config.window.idle / SECOND,
    )
    memory = Memory(ceiling_of(config.limits.memory, available_bytes()))
    inbox = Inbox(config.otlp.max_pending_bytes, ledger, journal, memory)
    pipeline = Pipeline(inbox, parts)
    replayed = pipeline.replay(journal.read(after), after)
    if replayed:
        _log.info("took up %d records that were acknowledged and not yet checkpointed", replayed)
    metrics.registry.register(LedgerCollector(ledger))
    metrics.registry.register(gauges(inbox, engine, journal, memory))
    metrics.registry.register(throttled(inbox))
    metrics.registry.register(folded(engine))
    memory.start(lambda: not inbox.pending_requests)
    stops.append(memory.stop)
    return Held(kept_in, engine, book, ledger, miner, checkpointer, journal, inbox, pipeline)
