"""Everything behind the doors in this process, on a real disk: worked step by step, stopped, or killed."""

import threading
from collections.abc import Iterable
from pathlib import Path

from opentelemetry.trace import NoOpTracer

from analyzers.otlp import DecodeLimits
from analyzers.summary import Summary
from analyzers.templates import TemplateMiner
from rca.store import IncidentStore, MemoryConfig, build
from server.checkpoint import CheckpointFolder, CheckpointState
from server.checkpointer import Checkpointer, Kept
from server.config import Config
from server.delivery import Delivery
from server.duplicates import SeenBatches
from server.engine import build_engine
from server.feed import IncidentFeed
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.intake import Intake
from server.journal import START, Journal, JournalSettings
from server.ledger import Ledger
from server.metrics import Metrics
from server.pipeline import Pipeline, PipelineParts

_PATIENCE = 20.0


class Turnstile:
    """Lets the pipeline through one turn at a time, and is where a process that is killed stands still."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns = 0
        self._waiting = self._open = self._dead = self._gone = False

    def pass_through(self) -> None:
        with self._changed:
            self._waiting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._turns or self._open or self._dead)
            self._waiting = False
            if self._dead:
                self.die_here()
            self._turns -= not self._open

    def die_here(self) -> None:
        """The thread that calls this does nothing more, not even what a `finally` beyond its locks would do."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        raise SystemExit

    def let(self, turns: int) -> bool:
        """That many turns; False when it died in one of them."""
        with self._changed:
            self._turns = turns
            self._changed.notify_all()
            settled = self._changed.wait_for(lambda: self._gone or (self._waiting and not self._turns), _PATIENCE)
            assert settled, "the pipeline hangs"
            return not self._gone

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def kill(self) -> None:
        with self._changed:
            self._dead = True
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._gone, _PATIENCE)


class SteppedInbox(Inbox):
    def __init__(self, max_bytes: int, ledger: Ledger, journal: Journal, turnstile: Turnstile) -> None:
        super().__init__(max_bytes, ledger, journal)
        self._turnstile = turnstile
        # All that waits in one turn, as the pipeline wants it, or one delivery a turn.
        self.together = False

    def take(self, timeout: float, most_bytes: int, patience: float = 0.0) -> list[Delivery]:
        self._turnstile.pass_through()
        return super().take(0, most_bytes if self.together else 1)


class DeadlyFolder(CheckpointFolder):
    """Its disk can be full for a while, and the process can be killed around a save."""

    def __init__(self, folder: Path, turnstile: Turnstile) -> None:
        super().__init__(folder)
        self._turnstile = turnstile
        self.full = False
        self.deadly = ""

    def save(self, state: CheckpointState, changed: Iterable[Summary], held: set[int]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        if self.deadly == "before":
            self._turnstile.die_here()
        super().save(state, changed, held)
        if self.deadly == "after":
            self._turnstile.die_here()


class Node:
    """From construction on it has taken up what the folder held. Use `stop` or `kill` before another one there."""

    def __init__(
        self,
        folder: Path,
        settings: JournalSettings | None = None,
        *,
        checkpoint_every: float = 10.0,
        store: IncidentStore | None = None,
        config: Config | None = None,
    ) -> None:
        config = config or Config()
        self._turnstile = Turnstile()
        self.ledger, self.metrics = Ledger(), Metrics()
        self.engine = build_engine(config, store)
        seen = SeenBatches()
        self.folder = DeadlyFolder(folder / "checkpoint", self._turnstile)
        found = self.folder.load()
        after = found[0].position if found else START
        self.journal = Journal(folder / "journal", settings or JournalSettings(), after)
        checkpointer = Checkpointer(
            self.engine, self.ledger, seen, self.metrics, Kept(self.folder, self.journal), checkpoint_every
        )
        if found is not None:
            checkpointer.restore(*found)
        self.inbox = SteppedInbox(config.otlp.max_pending_bytes, self.ledger, self.journal, self._turnstile)
        self.pipeline = Pipeline(
            self.inbox,
            PipelineParts(
                self.engine,
                IncidentBook(self.engine, store or build(MemoryConfig()), IncidentFeed()),
                self.ledger,
                self.metrics,
                NoOpTracer(),
                TemplateMiner(),
                DecodeLimits(body_chars=config.otlp.max_body_chars, future_skew=config.otlp.future_skew),
                seen,
                checkpointer,
                0.0,
            ),
        )
        self.replayed = self.pipeline.replay(self.journal.read(after), after)
        self.intake = Intake(self.inbox, self.ledger)
        self._started = False

    def work(self, turns: int) -> bool:
        """That many turns of the pipeline: a delivery each, or falling idle. False when it was killed in one."""
        if not self._started:
            self._started = True
            self.pipeline.start()
            self._turnstile.let(0)
        return self._turnstile.let(turns)

    def stop(self) -> None:
        """As on SIGTERM: everything is worked off and checkpointed."""
        if not self._started:
            self._started = True
            self.pipeline.start()
        self._turnstile.open()
        assert self.pipeline.stop(_PATIENCE)
        self.journal.close()

    def kill(self) -> None:
        """As by kill -9: nothing more is written; the kernel closes the files."""
        if self._started:
            self._turnstile.kill()
        self.journal.close()
