"""Wiring: what is built from the configuration, started in order, and stopped in reverse."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzers.native import native_state
from analyzers.tally import CountLimits
from rca.assessor import Assessor
from rca.rules import load_rules
from server.api.door import ApiServer
from server.backend import EngineBackend
from server.config import SECOND, Config
from server.configured import allowed_hosts, decode_limits, open_guards
from server.engine import Engine
from server.held import open_held
from server.inbox import Inbox
from server.intake import Intake
from server.journal.raw_lines import RawLineReader
from server.ledger import Ledger, Signal
from server.metrics import Metrics
from server.operations.desk import Desk, Work
from server.otlp.grpc_door import OtlpGrpcDoor
from server.otlp.http_door import OtlpHttpDoor
from server.progress import progress_of
from server.web.door import WebDoor
from server.web.status import StatusView

VERSION = "0.1.0"
# Seconds for requests under way once the doors are closed.
_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """HOST:PORT of every door, as bound."""

    otlp_grpc: str
    otlp_http: str
    api_grpc: str
    web_http: str


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
        held = open_held(config, metrics, self._stops)
        engine, book, ledger, inbox = held.engine, held.book, held.ledger, held.inbox
        limits, feed = decode_limits(config), book.feed
        held.pipeline.start()
        self._stops.append(held.stop_pipeline)
        errands = held.checkpointer.errands
        work = held.work(lambda work: errands.enter(work).result())
        desk = Desk(held.folder, work, metrics.refused_operations.inc)
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
            raw_lines=RawLineReader(held.folder / "journal", limits),
        )
        api_grpc = api.start()
        doors.append(lambda: api.stop(_GRACE))
        intake = Intake(inbox, ledger, config.otlp.max_request_records)
        largest, wait = config.otlp.max_message_bytes, config.otlp.message_wait / SECOND

        def refused(door: str, reason: str) -> None:
            metrics.refused_requests.labels(door, reason).inc()

        http_door = OtlpHttpDoor(intake, config.otlp.http, largest, guards.otlp_http, refused, wait)
        otlp_http = http_door.start()
        doors.append(lambda: http_door.stop(_GRACE))
        grpc_door = OtlpGrpcDoor(intake, config.otlp.grpc, largest, guards.otlp_grpc, refused, wait)
        otlp_grpc = grpc_door.start()
        doors.append(lambda: grpc_door.stop(_GRACE))
        self._ready = True
        return Addresses(otlp_grpc, otlp_http, api_grpc, web_http)

    def open(self) -> Work:
        """What is kept, without the pipeline and the doors: for commands, where no service runs. Raises as `start`."""
        held = open_held(self._config, Metrics(), self._stops)
        return held.work(lambda work: work(held.journal.end))

    def stop(self) -> None:
        """Not ready first, then the doors, then what they lead to. Safe to call more than once."""
        self._ready = False
        while self._stops:
            self._stops.pop()()

    def _status(self, ledger: Ledger, engine: Engine, inbox: Inbox) -> StatusView:
        return StatusView(
            logs=ledger.account(Signal.LOGS),
            traces=ledger.account(Signal.TRACES),
            ready=self._ready,
            progress=progress_of(engine.timeline, time.time_ns()),
            started_unix_nano=self._started_unix_nano,
            version=VERSION,
            incidents_open=sum(item.ongoing for item in engine.tracker.live),
            throttling=inbox.throttling(),
            native_ingest=native_state(),
        )


def _together(stops: Sequence[Callable[[], object]]) -> None:
    """Each has a grace of its own, and those must not add up."""
    threads = [threading.Thread(target=stop, name="stop", daemon=True) for stop in stops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
