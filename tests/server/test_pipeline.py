"""One thing that can't be handled takes nothing else down, and is accounted for."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.columns import LogBatch
from analyzers.summary import Summary
from analyzers.templates import MinedBatch, TemplateMiner
from clients.replay import to_otlp_requests
from server.config import SECOND, BaselineConfig, Config, StoreConfig, WindowConfig
from server.engine import build_engine
from server.ledger import Signal
from tests.running_server import wait_until
from tests.server.flow import Flow
from tests.server.outage import CULPRIT, START, Outage, record

CONFIG = Config(
    baseline=BaselineConfig(min_history=30 * SECOND),
    store=StoreConfig(kind="memory"),
    window=WindowConfig(idle=SECOND // 10),
)


class Mine:
    """A detector that can't bear the window that ends at `fatal`."""

    name = "mine"

    def __init__(self, fatal: int) -> None:
        self._fatal = fatal

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        if window.end_unix_nano == self._fatal:
            raise ZeroDivisionError
        return []


class AllergicMiner(TemplateMiner):
    """One that can't bear a batch with a certain line in it."""

    def __init__(self, poison: str) -> None:
        super().__init__()
        self._poison = poison

    def mine(self, batch: LogBatch) -> MinedBatch:
        if self._poison in batch.body.to_pylist():
            raise RecursionError(self._poison)
        return super().mine(batch)


def windows(flow: Flow) -> float:
    return next(sample.value for metric in flow.metrics.windows.collect() for sample in metric.samples)


def failures(flow: Flow) -> float:
    return next(sample.value for metric in flow.metrics.failures.collect() for sample in metric.samples)


@pytest.mark.parametrize("fatal", [10, 75, 90])
def test_a_window_that_cannot_be_judged_costs_only_itself(fatal: int, caplog: pytest.LogCaptureFixture) -> None:
    """At the start, in the middle, and among those that only the idle clock closes."""
    batches = list(to_otlp_requests(record(Outage())))
    engine = build_engine(CONFIG, None)
    engine.detectors = (Mine(START + fatal * SECOND), *engine.detectors)
    with Flow(config=CONFIG, engine=engine) as flow:
        flow.feed(batches)
        for signal in Signal:
            account = flow.account(signal)
            assert account.received == account.counted
        wait_until(lambda: windows(flow) + failures(flow) == 18, 10, lambda: caplog.text)
        assert failures(flow) == 1
        incidents = flow.store.list()
        assert [item.root_cause.name for item in incidents if item.root_cause] == [CULPRIT]
    assert "could not be judged" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_delivery_that_cannot_be_counted_is_dropped_by_name(caplog: pytest.LogCaptureFixture) -> None:
    case = record(Outage())
    with Flow(config=CONFIG, miner=AllergicMiner(str(case.logs[0].body))) as flow:
        flow.feed(list(to_otlp_requests(case)))
        account = flow.account(Signal.LOGS)
        assert set(account.dropped) == {"failed"}
        assert 0 < account.dropped["failed"] <= 500
        assert account.counted == account.received - account.dropped["failed"]
        assert flow.account(Signal.TRACES).dropped == {}
        assert failures(flow) == 1
        assert flow.inbox.pending_bytes == 0
    assert "could not be handled" in caplog.text


def test_stopping_works_off_what_was_acknowledged() -> None:
    with Flow(config=CONFIG, started=False) as flow:
        batches = list(to_otlp_requests(record(Outage())))
        flow.feed(batches)
        flow.start_pipeline()
    assert flow.inbox.pending_requests == 0
    for signal in Signal:
        assert flow.ledger.account(signal).pending == 0
    assert flow.ledger.account(Signal.LOGS).counted == 2250


def test_windows_close_by_the_clock_when_nothing_more_comes() -> None:
    case = record(Outage(normal=20, fault=0))
    with Flow(config=CONFIG) as flow:
        flow.feed(list(to_otlp_requests(case)))
        wait_until(lambda: windows(flow) == 4, 10, lambda: f"{windows(flow)} of 4 windows")
        assert flow.engine.timeline.pending_spans == 0
