"""Scoring with nothing given: the rows in order through the real pipeline, incidents opened by itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry.trace import NoOpTracer

from analyzers.otlp import DecodeLimits
from analyzers.templates import TemplateMiner
from clients.replay import Batch, Case, LogsBatch, lay_out, to_otlp_requests
from rca.incident import Incident
from rca.store import build as build_store
from rca.store.config import MemoryConfig
from server.checkpointer import Checkpointer
from server.config import SECOND, BaselineConfig, Config, StoreConfig
from server.delivery import read_delivery
from server.duplicates import SeenBatches
from server.engine import build_engine
from server.feed import IncidentFeed
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.journal import FrameKind
from server.ledger import Ledger, Signal
from server.metrics import Metrics
from server.pipeline import Pipeline, PipelineParts

# The case's receive time is not recorded: none of its times may count as ahead of the clock.
_AHEAD = 2**62
EVALUATION = Config(baseline=BaselineConfig(min_history=30 * SECOND), store=StoreConfig(kind="memory"))


@dataclass(frozen=True, slots=True)
class OnlineRun:
    """What the pipeline opened by itself, oldest first. Spans of event time are in nanoseconds."""

    incidents: tuple[Incident, ...]
    duration: int
    counted: int


def run_online(
    case: Case,
    normal: Case | None,
    config: Config = EVALUATION,
    *,
    batch_size: int = 500,
    shuffle_nano: int = 0,
    seed: int = 0,
) -> OnlineRun:
    """Replay the case, the normal stretch first. Deterministic for every batch order within the lateness."""
    stretches = lay_out(case, normal)
    batches = (
        batch
        for stretch in stretches
        for batch in to_otlp_requests(
            stretch.case,
            batch_size=batch_size,
            batch_nano=SECOND,
            shift_nano=stretch.shift_nano,
            shuffle_nano=shuffle_nano,
            seed=seed,
        )
    )
    first = min((s.case.first_unix_nano or 0) + s.shift_nano for s in stretches)
    incidents, counted = play(batches, config)
    return OnlineRun(incidents, (case.last_unix_nano or 0) - first, counted)


def play(batches: Iterable[Batch], config: Config = EVALUATION) -> tuple[tuple[Incident, ...], int]:
    """What the real pipeline opens by itself when it is sent these, oldest first, and how many records it counted."""
    store = build_store(MemoryConfig())
    engine = build_engine(config, None)
    metrics, ledger = Metrics(), Ledger()
    book = IncidentBook(engine, store, IncidentFeed())
    seen = SeenBatches()
    parts = PipelineParts(
        engine,
        book,
        ledger,
        metrics,
        NoOpTracer(),
        TemplateMiner(),
        DecodeLimits(),
        seen,
        Checkpointer(engine, ledger, seen, metrics),
        config.window.idle / SECOND,
    )
    pipeline = Pipeline(Inbox(config.otlp.max_pending_bytes, ledger), parts)
    for batch in batches:
        kind = FrameKind.LOGS if isinstance(batch, LogsBatch) else FrameKind.TRACES
        delivery = read_delivery(kind, batch.request.SerializeToString(), _AHEAD)
        ledger.receive(delivery.signal, delivery.records, delivery.rejected)
        pipeline.take(delivery)
    pipeline.finish()
    counted = sum(ledger.account(signal).counted for signal in Signal)
    incidents = sorted(store.list(), key=lambda item: (item.create_unix_nano, item.incident_id))
    return tuple(incidents), counted
