"""Wiring: what is built from the configuration, started in order, and stopped in reverse."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers.otlp import DecodeLimits
from analyzers.tally import CountLimits
from analyzers.templates import TemplateMiner
from rca.assessor import Assessor
from rca.rules import load_rules
from rca.store import build as build_store
from rca.store.base import IncidentStore
from rca.store.config import LanceConfig, MemoryConfig
from rca.store.lazy import LazyStore
from rca.store.patient import PatientStore
from server.api.door import ApiServer
from server.backend import EngineBackend
from server.checkpoint import CheckpointFolder
from server.checkpointer import Checkpointer, Kept
from server.config import SECOND, Config
from server.duplicates import SeenBatches
from server.engine import Engine, build_engine
from server.feed import IncidentFeed
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.intake import Intake
from server.journal import START, Expiry, Journal, JournalSettings, Position, SyncMode
from server.journal.raw_lines import RawLineReader
from server.ledger import Ledger, Signal
from server.memory import Memory, available_bytes, ceiling_of
from server.metrics import GaugeCollector, LedgerCollector, Metrics, TallyCollector
from server.operations.backup import Backup
from server.operations.desk import Desk, Work
from server.operations.forgetting import Forgetting
from server.otlp.grpc_door import OtlpGrpcDoor
from server.otlp.http_door import OtlpHttpDoor
from server.pipeline import Pipeline, PipelineParts
from server.security.guards import Guards, build_guards
from server.tracing import build_tracer_provider
from server.web.door import WebDoor
from server.web.status import StatusView

_log = logging.getLogger(__name__)
VERSION = "0.1.0"
# Seconds: for requests under way once the doors are closed, for what waits in the inbox, and for the pipeline to note
# where it stands when that was too little. What it left is in the journal.
_GRACE = 2.0
_DRAIN = 3.0
_HALT = 3.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """HOST:PORT of every door, as bound."""

    otlp_grpc: str
    otlp_http: str
    api_grpc: str
    web_http: str


def decode_limits(config: Config) -> DecodeLimits:
    return DecodeLimits(body_chars=config.otlp.max_body_chars, future_skew=config.otlp.future_skew)


def open_guards(config: Config, metrics: Metrics) -> Guards:
    """Raises `ConfigError`."""
    return build_guards(
        config,
        lambda door, reason: metrics.refused_credentials.labels(door, reason).inc(),
        metrics.token_failures.inc,
        metrics.certificate_failures.inc,
    )


def allowed_hosts(config: Config) -> tuple[str, ...]:
    return tuple(name for item in config.web.allowed_hosts.split(",") if (name := item.strip()))


def open_store(config: Config) -> IncidentStore:
    """Raises `StoreError`, which names the path and the remedy."""
    match config.store.kind:
        case "lance":
            kind = LanceConfig(data_dir(config))
            folder = kind.data_dir / "incidents"
            # Importing lancedb takes as long as all the rest of a start: not before there is something to keep.
            if not (folder / "incidents.lance").exists():
                return LazyStore(folder, lambda: build_store(kind))
            return build_store(kind)
        case "memory":
            return build_store(MemoryConfig())


@dataclass(frozen=True, slots=True)
class _Held:
    """Everything behind the doors."""

    engine: Engine
    book: IncidentBook
    ledger: Ledger
    miner: TemplateMiner
    checkpointer: Checkpointer
    journal: Journal
    inbox: Inbox
    pipeline: Pipeline


class App:
    """The process. `start` raises `ConfigError`, `StoreError` or `AddressError` when it can't; `stop` may follow either
    way."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._started_unix_nano = time.time_ns()
        self._ready = False
        self._stops: list[Callable[[], object]] = []

    def start(self) -> Addresses:
        config, metrics = self._config, Metrics()
        guards = open_guards(config, metrics)
        held = self._open(metrics)
        engine, book, ledger, inbox = held.engine, held.book, held.ledger, held.inbox
        limits, feed = decode_limits(config), book.feed
        held.pipeline.start()
        self._stops.append(lambda: _stop_pipeline(held))
        errands = held.checkpointer.errands
        desk = Desk(data_dir(config), self._work(held, lambda work: errands.enter(work).result()))
        desk.start()
        self._stops.append(desk.stop)
        assessor = Assessor(held.miner, load_rules(), CountLimits(templates=config.limits.templates))
        backend = EngineBackend(engine, book, assessor, limits)
        web = WebDoor(
            backend,
            lambda: self._status(ledger, engine, inbox),
            lambda: self._ready,
            metrics.registry,
            config.web.http,
            allowed_hosts(config),
            guards.web_http,
        )
        doors: list[Callable[[], object]] = [feed.close]
        self._stops.append(lambda: _together(doors))
        web_http = web.start()
        doors.append(web.stop)
        api = ApiServer(
            backend,
            config.api.grpc,
            max_analyze_records=config.limits.analyze_records,
            guard=guards.api_grpc,
            raw_lines=RawLineReader(data_dir(config) / "journal", limits),
        )
        api_grpc = api.start()
        doors.append(lambda: api.stop(_GRACE))
        intake = Intake(inbox, ledger, config.otlp.max_request_records)
        largest = config.otlp.max_message_bytes

        def refused(door: str, reason: str) -> None:
            metrics.refused_requests.labels(door, reason).inc()

        http_door = OtlpHttpDoor(intake, config.otlp.http, largest, guards.otlp_http, refused)
        otlp_http = http_door.start()
        doors.append(lambda: http_door.stop(_GRACE))
        grpc_door = OtlpGrpcDoor(intake, config.otlp.grpc, largest, guards.otlp_grpc, refused)
        otlp_grpc = grpc_door.start()
        doors.append(lambda: grpc_door.stop(_GRACE))
        self._ready = True
        return Addresses(otlp_grpc, otlp_http, api_grpc, web_http)

    def open(self) -> Work:
        """What is kept, without the pipeline and the doors: for commands, where no service runs. Raises as `start`."""
        held = self._open(Metrics())
        return self._work(held, lambda work: work(held.journal.end))

    def _open(self, metrics: Metrics) -> _Held:
        config, ledger = self._config, Ledger()
        provider = build_tracer_provider(os.environ)
        self._stops.append(provider.shutdown)
        store = PatientStore(open_store(config), metrics.store_failures.inc)
        self._stops.append(store.close)
        engine = build_engine(config, store)
        feed = IncidentFeed()
        book = IncidentBook(engine, store, feed)
        limits = decode_limits(config)
        miner = TemplateMiner()
        seen = SeenBatches()
        folder = CheckpointFolder(data_dir(config) / "checkpoint")
        found = folder.load()
        after = found[0].position if found else START
        journal = Journal(data_dir(config) / "journal", journal_settings(config), after)
        self._stops.append(journal.close)
        expiry = Expiry(journal)
        expiry.start()
        self._stops.append(expiry.stop)
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
        metrics.registry.register(_gauges(inbox, engine, journal, memory))
        metrics.registry.register(_throttled(inbox))
        metrics.registry.register(_folded(engine))
        memory.start(lambda: not inbox.pending_requests)
        self._stops.append(memory.stop)
        return _Held(engine, book, ledger, miner, checkpointer, journal, inbox, pipeline)

    def stop(self) -> None:
        """Not ready first, then the doors, then what they lead to. Safe to call more than once."""
        self._ready = False
        while self._stops:
            self._stops.pop()()

    def _work(self, held: _Held, between: Callable[[Callable[[Position], object]], object]) -> Work:
        folder = data_dir(self._config)
        return Work(
            Backup(folder, held.engine, held.checkpointer, held.journal, between),
            Forgetting(
                held.engine, held.book, held.miner, held.checkpointer, held.journal, folder / "journal", between
            ),
        )

    def _status(self, ledger: Ledger, engine: Engine, inbox: Inbox) -> StatusView:
        return StatusView(
            logs=ledger.account(Signal.LOGS),
            traces=ledger.account(Signal.TRACES),
            ready=self._ready,
            watermark_unix_nano=engine.timeline.watermark_unix_nano,
            started_unix_nano=self._started_unix_nano,
            version=VERSION,
            incidents_open=sum(item.ongoing for item in engine.tracker.live),
            throttling=inbox.throttling(),
        )


def _together(stops: Sequence[Callable[[], object]]) -> None:
    """Each has a grace of its own, and those must not add up."""
    threads = [threading.Thread(target=stop, name="stop", daemon=True) for stop in stops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _stop_pipeline(held: _Held) -> None:
    if held.pipeline.stop(_DRAIN):
        return

    def halt(position: Position) -> None:
        held.checkpointer.save(position)
        # Ends the thread of the pipeline.
        raise SystemExit

    held.checkpointer.errands.enter(halt)
    if not held.pipeline.stop(_HALT):
        _log.warning("the pipeline does not end; the next start takes up what it left")
    else:
        _log.info("left %d requests to the next start", held.inbox.pending_requests)


def data_dir(config: Config) -> Path:
    return Path(config.data_dir).expanduser().resolve()


def journal_settings(config: Config) -> JournalSettings:
    journal = config.journal
    return JournalSettings(SyncMode(journal.sync), journal.segment_bytes, journal.max_bytes, journal.max_age)


def _throttled(inbox: Inbox) -> TallyCollector:
    help_text = "Requests that were told to come again, by what there was no room in."
    return TallyCollector("hypocenter_throttled_requests", help_text, "reason", inbox.refused)


def _folded(engine: Engine) -> TallyCollector:
    census, timeline = engine.census, engine.timeline
    return TallyCollector(
        "hypocenter_folded",
        "What was counted under <other>, cut or left unread because a limit was reached.",
        "what",
        lambda: {
            "services": census.folded,
            "pods": census.folded_pods,
            "versions": census.folded_versions,
            "names": census.cut_names,
            "resource_attributes": census.unread_attributes,
            "templates": timeline.folded_records,
            "operations": timeline.assembler.folded,
            "edges": timeline.assembler.folded_edges,
        },
    )


def _gauges(inbox: Inbox, engine: Engine, journal: Journal, memory: Memory) -> GaugeCollector:
    timeline, baseline = engine.timeline, engine.baseline
    return GaugeCollector(
        {
            "hypocenter_inbox_bytes": ("Acknowledged and waiting for the pipeline.", lambda: inbox.pending_bytes),
            "hypocenter_drain_bytes_per_second": (
                "What the pipeline works off while there is something to do.",
                lambda: inbox.bytes_per_second,
            ),
            "hypocenter_resident_bytes": ("Memory of this process.", lambda: memory.resident),
            "hypocenter_memory_ceiling_bytes": ("Above it senders are told to wait; 0: none.", lambda: memory.ceiling),
            "hypocenter_memory_throttling": ("1 while they are told to.", lambda: memory.closed),
            "hypocenter_inbox_requests": ("Requests waiting for the pipeline.", lambda: inbox.pending_requests),
            "hypocenter_journal_bytes": ("Held in the journal.", lambda: journal.bytes_held),
            "hypocenter_journal_oldest_age_seconds": (
                "Since the oldest that the journal holds was received; 0 when it holds nothing.",
                lambda: (time.time_ns() - oldest) / 1e9 if (oldest := journal.oldest_unix_nano) else 0.0,
            ),
            "hypocenter_journal_lost_records": ("In damaged parts, set aside.", lambda: journal.lost_records),
            "hypocenter_open_spans": ("Spans remembered for their other half.", lambda: len(timeline.assembler)),
            "hypocenter_pending_spans": ("Spans whose bucket is open.", lambda: timeline.pending_spans),
            "hypocenter_evicted_spans": ("Halves given up before their time.", lambda: timeline.assembler.evicted),
            "hypocenter_known_services": ("Services with a baseline.", lambda: len(baseline.services)),
            "hypocenter_watermark_seconds": (
                "Event time up to which all is in.",
                lambda: timeline.watermark_unix_nano / 1e9,
            ),
            "hypocenter_catching_up": (
                "1 while windows are held because somebody sends a backlog.",
                timeline.catch_up.holding,
            ),
            "hypocenter_live_incidents": ("Incidents not resolved.", lambda: len(engine.tracker.live)),
        }
    )
