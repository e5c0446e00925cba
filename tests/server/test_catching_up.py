"""A backlog at the pipeline, at receive times of our choosing: no false incident, and a true one soon after."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from clients.replay import Batch, LogsBatch, to_otlp_requests
from server.config import SECOND, BaselineConfig, Config, StoreConfig
from server.delivery import Delivery, read_delivery
from server.journal import Frame, FrameKind
from server.ledger import Signal
from tests.server.flow import Flow
from tests.server.node import Node
from tests.server.outage import CULPRIT, START, Outage, record

CONFIG = Config(baseline=BaselineConfig(min_history=30 * SECOND), store=StoreConfig(kind="memory"))
# Seconds after the start: what follows is not delivered before the next of these; then all is well; then it fails.
CUT, BACK, FAULT, END = 120, 240, 330, 400
BATCHES = tuple(to_otlp_requests(record(Outage(normal=FAULT, fault=END - FAULT)), batch_size=10**6, batch_nano=SECOND))


@dataclass(frozen=True, slots=True)
class Sending:
    """`received`: that many seconds after the start."""

    batch: Batch
    received: float

    @property
    def kind(self) -> FrameKind:
        return FrameKind.LOGS if isinstance(self.batch, LogsBatch) else FrameKind.TRACES

    @property
    def received_unix_nano(self) -> int:
        return START + int(self.received * SECOND)

    @property
    def delivery(self) -> Delivery:
        return read_delivery(self.kind, self.batch.request.SerializeToString(), self.received_unix_nano)


def happened(batch: Batch) -> float:
    return (batch.last_unix_nano - START) / SECOND


def live(begin: int, end: int) -> list[Sending]:
    """A second after it happened."""
    return [Sending(item, happened(item) + 1) for item in BATCHES if begin <= happened(item) < end]


def backlog(order: str) -> list[Sending]:
    """A hundred batches a second, and what is fresh between them as it happens."""
    late = [item for item in BATCHES if CUT <= happened(item) < BACK]
    logs = [item for item in late if isinstance(item, LogsBatch)]
    spans = [item for item in late if not isinstance(item, LogsBatch)]

    def drained(items: Iterable[Batch], begin: float) -> list[Sending]:
        return [Sending(item, begin + place / 100) for place, item in enumerate(items)]

    match order:
        case "logs first":
            sent = [*drained(logs, BACK + 1), *drained(spans, BACK + 20)]
        case "spans first":
            sent = [*drained(spans, BACK + 1), *drained(logs, BACK + 20)]
        case "newest first":
            sent = drained(reversed(late), BACK + 2)
        case _:
            sent = [*drained(late[::3], BACK + 1), *drained(late[1::3], BACK + 9), *drained(late[2::3], BACK + 25)]
    return sorted([*sent, *live(BACK, FAULT)], key=lambda item: item.received)


def late(flow: Flow) -> int:
    return sum(flow.ledger.account(signal).late for signal in Signal)


def take(flow: Flow, sendings: Iterable[Sending]) -> float | None:
    """When the first incident was there."""
    for item in sendings:
        delivery = item.delivery
        flow.ledger.receive(delivery.signal, delivery.records)
        flow.pipeline.take(delivery)
        if flow.store.list():
            return item.received
    return None


@pytest.mark.parametrize("order", ["logs first", "spans first", "newest first", "in three parts"])
def test_a_backlog_opens_nothing_and_the_fault_after_it_does(order: str) -> None:
    flow = Flow(config=CONFIG, started=False)
    assert take(flow, [*live(0, CUT), *backlog(order)]) is None
    assert late(flow) > 500
    assert not flow.engine.timeline.catch_up.holding()
    told = take(flow, live(FAULT, END))
    assert told is not None
    assert told <= FAULT + 30
    (incident,) = flow.store.list()
    assert incident.root_cause is not None
    assert incident.root_cause.name == CULPRIT


def test_a_fault_while_somebody_catches_up_is_told_once_that_is_over() -> None:
    """Half a minute without more of the backlog is waited for."""
    flow = Flow(config=CONFIG, started=False)
    assert take(flow, live(0, CUT)) is None
    missed = [item for item in BATCHES if CUT <= happened(item) < BACK]
    failing = to_otlp_requests(record(Outage(normal=BACK, fault=100)), batch_size=10**6, batch_nano=SECOND)
    fresh = [Sending(item, happened(item) + 1) for item in failing if happened(item) >= BACK]
    drained = [Sending(item, BACK + 1 + place / 10) for place, item in enumerate(missed)]
    told = take(flow, sorted([*drained, *fresh], key=lambda item: item.received))
    assert told is not None
    assert drained[-1].received + 25 <= told <= drained[-1].received + 40


def test_silence_and_then_fresh_records_are_a_silence_and_nothing_else() -> None:
    """Nobody sent a backlog: what was silent stays silent, and is told as such."""
    flow = Flow(config=CONFIG, started=False)
    take(flow, live(0, CUT))
    for item in live(BACK, FAULT):
        flow.ledger.receive(item.delivery.signal, item.delivery.records)
        flow.pipeline.take(item.delivery)
    assert late(flow) == 0
    (incident,) = flow.store.list()
    assert "telemetry source lost" in incident.title


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("what", ["backlog", "straggler"])
def test_started_again_while_windows_are_held_it_goes_on_as_if_nothing_was(what: str, tmp_path: Path) -> None:
    cuts: tuple[int, ...]
    if what == "backlog":
        sendings = [*live(60, CUT), *backlog("spans first")]
        cuts = (0, 130, 200, 320, len(sendings))
    else:
        # It comes to buckets that are closed and not learned from yet.
        lost = [Sending(item.batch, 63.5) for item in live(45, 47)]
        sendings = sorted([*live(0, 45), *lost, *live(47, CUT)], key=lambda item: item.received)
        cuts = (0, sendings.index(lost[-1]) + 1, len(sendings))
    seen = []
    for name, stops in (("whole", (0, len(sendings))), ("killed", cuts)):
        for begin, end in pairwise(stops):
            node = Node(tmp_path / name, config=CONFIG, checkpoint_every=0.0)
            for item in sendings[begin:end]:
                delivery = item.delivery
                body = item.batch.request.SerializeToString()
                node.inbox.put(Frame(item.kind, body, item.received_unix_nano, delivery.records, 0), delivery)
            if end < len(sendings) and what == "straggler":
                # What a checkpoint holds then, to the last delivery.
                node.stop()
            elif end < len(sendings):
                node.work(end - begin - 20)
                node.kill()
            else:
                node.work(node.inbox.pending_requests)
                timeline = node.engine.timeline
                held = timeline.held()
                seen.append(
                    (
                        timeline.catch_up.state,
                        timeline.late_spans,
                        timeline.between(*held),
                        node.engine.baseline.services,
                    )
                )
                node.kill()
    assert seen[0] == seen[1]
