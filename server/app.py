"""Wiring: what is built from the configuration, started in order, and stopped in reverse."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analyzers.counting import CountLimits
from analyzers.otlp import DecodeLimits
from analyzers.templates import TemplateMiner
from rca.assessor import Assessor
from rca.rules import load_rules
from rca.store import build as build_store
from rca.store.base import IncidentStore
from rca.store.config import LanceConfig, MemoryConfig
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
from server.journal import START, Journal, JournalSettings, SyncMode
from server.ledger import Ledger, Signal
from server.metrics import GaugeCollector, LedgerCollector, Metrics
from server.otlp.grpc_door import OtlpGrpcDoor
from server.otlp.http_door import OtlpHttpDoor
from server.pipeline import Pipeline, PipelineParts
from server.security.guards import Guards, build_guards
from server.tracing import build_tracer_provider
from server.web.door import WebDoor
from server.web.status import StatusView

_log = logging.getLogger(__name__)
VERSION = "0.1.0"
_GRACE = 3.0
_DRAIN = 5.0


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
    )


def allowed_hosts(config: Config) -> tuple[str, ...]:
    return tuple(name for item in config.web.allowed_hosts.split(",") if (name := item.strip()))


def open_store(config: Config) -> IncidentStore:
    """Raises `StoreError`, which names the path and the remedy."""
    match config.store.kind:
        case "lance":
            return build_store(LanceConfig(data_dir(config)))
        case "memory":
            return build_store(MemoryConfig())


class App:
    """The process. `start` raises `ConfigError`, `StoreError` or `AddressError` when it can't; `stop` may follow either
    way."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._started_unix_nano = time.time_ns()
        self._ready = False
        self._stops: list[Callable[[], object]] = []

    def start(self) -> Addresses:
        config = self._config
        metrics, ledger = Metrics(), Ledger()
        guards = open_guards(config, metrics)
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
        inbox = Inbox(config.otlp.max_pending_bytes, ledger, journal)
        pipeline = Pipeline(inbox, parts)
        replayed = pipeline.replay(journal.read(after), after)
        if replayed:
            _log.info("took up %d records that were acknowledged and not yet checkpointed", replayed)
        metrics.registry.register(LedgerCollector(ledger))
        metrics.registry.register(_gauges(inbox, engine, journal))
        pipeline.start()
        self._stops.append(lambda: pipeline.stop(_DRAIN))
        assessor = Assessor(miner, load_rules(), CountLimits(templates=config.limits.templates))
        backend = EngineBackend(engine, book, assessor, limits)
        web = WebDoor(
            backend,
            lambda: self._status(ledger, engine),
            lambda: self._ready,
            metrics.registry,
            config.web.http,
            allowed_hosts(config),
            guards.web_http,
        )
        web_http = web.start()
        self._stops.append(web.stop)
        api = ApiServer(
            backend, config.api.grpc, max_analyze_records=config.limits.analyze_records, guard=guards.api_grpc
        )
        api_grpc = api.start()
        self._stops.append(lambda: api.stop(_GRACE))
        self._stops.append(feed.close)
        intake = Intake(inbox, ledger)
        http_door = OtlpHttpDoor(intake, config.otlp.http, config.otlp.max_message_bytes, guards.otlp_http)
        otlp_http = http_door.start()
        self._stops.append(lambda: http_door.stop(_GRACE))
        grpc_door = OtlpGrpcDoor(intake, config.otlp.grpc, config.otlp.max_message_bytes, guards.otlp_grpc)
        otlp_grpc = grpc_door.start()
        self._stops.append(lambda: grpc_door.stop(_GRACE))
        self._ready = True
        return Addresses(otlp_grpc, otlp_http, api_grpc, web_http)

    def stop(self) -> None:
        """Not ready first, then the doors, then what they lead to. Safe to call more than once."""
        self._ready = False
        while self._stops:
            self._stops.pop()()

    def _status(self, ledger: Ledger, engine: Engine) -> StatusView:
        return StatusView(
            logs=ledger.account(Signal.LOGS),
            traces=ledger.account(Signal.TRACES),
            ready=self._ready,
            watermark_unix_nano=engine.timeline.watermark_unix_nano,
            started_unix_nano=self._started_unix_nano,
            version=VERSION,
            incidents_open=sum(item.ongoing for item in engine.tracker.live),
        )


def data_dir(config: Config) -> Path:
    return Path(config.data_dir).expanduser().resolve()


def journal_settings(config: Config) -> JournalSettings:
    journal = config.journal
    return JournalSettings(SyncMode(journal.sync), journal.segment_bytes, journal.max_bytes)


def _gauges(inbox: Inbox, engine: Engine, journal: Journal) -> GaugeCollector:
    timeline, baseline = engine.timeline, engine.baseline
    return GaugeCollector(
        {
            "hypocenter_inbox_bytes": ("Acknowledged and waiting for the pipeline.", lambda: inbox.pending_bytes),
            "hypocenter_inbox_requests": ("Requests waiting for the pipeline.", lambda: inbox.pending_requests),
            "hypocenter_journal_bytes": ("Held in the journal.", lambda: journal.bytes_held),
            "hypocenter_journal_lost_records": ("In damaged parts, set aside.", lambda: journal.lost_records),
            "hypocenter_open_spans": ("Spans remembered for their other half.", lambda: len(timeline.assembler)),
            "hypocenter_pending_spans": ("Spans whose bucket is open.", lambda: timeline.pending_spans),
            "hypocenter_evicted_spans": ("Halves given up before their time.", lambda: timeline.assembler.evicted),
            "hypocenter_folded_records": ("Records counted under <other>.", lambda: timeline.folded_records),
            "hypocenter_folded_services": ("Resources filed under <other>.", lambda: engine.census.folded),
            "hypocenter_known_services": ("Services with a baseline.", lambda: len(baseline.services)),
            "hypocenter_watermark_seconds": (
                "Event time up to which all is in.",
                lambda: timeline.watermark_unix_nano / 1e9,
            ),
            "hypocenter_live_incidents": ("Incidents not resolved.", lambda: len(engine.tracker.live)),
        }
    )
