"""The flow from the OTLP door to the store in this process, with every part in reach."""

from collections.abc import Sequence
from types import TracebackType

from opentelemetry.trace import NoOpTracer

from analyzers.otlp import DecodeLimits
from analyzers.templates import TemplateMiner
from clients.replay import Batch, LogsBatch
from rca.store import IncidentStore, MemoryConfig, build
from server.checkpointer import Checkpointer
from server.config import SECOND, Config, OtlpConfig
from server.delivery import read_delivery
from server.duplicates import SeenBatches
from server.engine import Engine, build_engine
from server.feed import IncidentFeed
from server.inbox import Inbox
from server.incidents import IncidentBook
from server.intake import Intake
from server.journal import Frame, FrameKind
from server.ledger import Account, Ledger, Signal
from server.metrics import Metrics
from server.otlp.grpc_door import OtlpGrpcDoor
from server.pipeline import Pipeline, PipelineParts
from tests.running_server import wait_until

_AHEAD = 2**62


class Flow:
    """Parts that are not started until `with`; with `started=False` the pipeline stays where it is."""

    def __init__(
        self,
        otlp: OtlpConfig | None = None,
        *,
        config: Config | None = None,
        started: bool = True,
        store: IncidentStore | None = None,
        engine: Engine | None = None,
        miner: TemplateMiner | None = None,
    ) -> None:
        config = config or Config(otlp=otlp or OtlpConfig())
        self._started = started
        self.store = store or build(MemoryConfig())
        self.ledger, self.metrics = Ledger(), Metrics()
        self.inbox = Inbox(config.otlp.max_pending_bytes, self.ledger)
        self.engine = engine or build_engine(config, None)
        self.book = IncidentBook(self.engine, self.store, IncidentFeed())
        limits = DecodeLimits(body_chars=config.otlp.max_body_chars, future_skew=config.otlp.future_skew)
        seen = SeenBatches()
        self.pipeline = Pipeline(
            self.inbox,
            PipelineParts(
                self.engine,
                self.book,
                self.ledger,
                self.metrics,
                NoOpTracer(),
                miner or TemplateMiner(),
                limits,
                seen,
                Checkpointer(self.engine, self.ledger, seen, self.metrics),
                config.window.idle / SECOND,
            ),
        )
        self._door = OtlpGrpcDoor(Intake(self.inbox, self.ledger), "127.0.0.1:0", config.otlp.max_message_bytes)
        self.address = ""

    def __enter__(self) -> "Flow":
        if self._started:
            self.pipeline.start()
        self.address = self._door.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.stop(0)
        if self._started:
            assert self.pipeline.stop(10)

    def start_pipeline(self) -> None:
        self._started = True
        self.pipeline.start()

    def feed(self, batches: Sequence[Batch]) -> None:
        """Put batches where the door would, all of them received in the far future."""
        for batch in batches:
            kind = FrameKind.LOGS if isinstance(batch, LogsBatch) else FrameKind.TRACES
            body = batch.request.SerializeToString()
            delivery = read_delivery(kind, body, _AHEAD)
            self.inbox.put(Frame(kind, body, _AHEAD, delivery.records, 0), delivery)

    def account(self, signal: Signal) -> Account:
        """Once nothing is pending, which must come; the equation must hold then too."""
        wait_until(lambda: self.ledger.account(signal).pending == 0, 10, lambda: str(self.ledger.account(signal)))
        account = self.ledger.account(signal)
        assert account.balanced
        return account
