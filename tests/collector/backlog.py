"""Minutes of healthy traffic that come late, what must be true of them afterwards, and that a fault is seen still."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hypocenter.v1.incident_pb2 import Incident

from tests.collector.collector_process import wait_until
from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.sender import Sender
from tests.collector.traffic import LEAF, SECOND, TrafficSlice, shop_traffic

# Below the lateness, so that a sender that is not cut off is never late.
SLICE = 5
LEARN, OUTAGE, FRESH, FAULT = 330, 300, 60, 60
# Windows as users have them; silence is noticed sooner, so that the tests need not wait for it.
IDLE_SECONDS = 3
CONFIG = {"HYPOCENTER_WINDOW__IDLE": f"{IDLE_SECONDS}s"}


@dataclass(slots=True)
class Sent:
    """What was given to senders so far."""

    logs: int = 0
    spans: int = 0

    def give(self, sender: Sender, part: TrafficSlice) -> None:
        self.give_logs(sender, part)
        self.give_spans(sender, part)

    def give_logs(self, sender: Sender, part: TrafficSlice) -> None:
        sender.send_logs(part.logs)
        self.logs += part.log_count

    def give_spans(self, sender: Sender, part: TrafficSlice) -> None:
        sender.send_spans(part.traces)
        self.spans += part.span_count


@dataclass(frozen=True, slots=True)
class Day:
    """Traffic of one shop, or of one of several replicas with a `seed` each; the fault's end is the present."""

    now: int

    def learned(self, seed: int) -> Iterator[TrafficSlice]:
        return self._traffic(LEARN + OUTAGE + FRESH + FAULT, LEARN, seed)

    def missed(self, seed: int) -> Iterator[TrafficSlice]:
        return self._traffic(OUTAGE + FRESH + FAULT, OUTAGE, seed)

    def fresh(self, seed: int) -> Iterator[TrafficSlice]:
        return self._traffic(FRESH + FAULT, FRESH, seed)

    def failing(self, seed: int) -> Iterator[TrafficSlice]:
        return self._traffic(FAULT, FAULT, seed, fault=True)

    def _traffic(self, ago: int, seconds: int, seed: int, fault: bool = False) -> Iterator[TrafficSlice]:
        # Ids must differ from one stretch to the next.
        start = self.now - ago * SECOND
        return shop_traffic(start, seconds, fault=fault, slice_seconds=SLICE, seed=seed * 10_000 + ago)


def counted(hypocenter: HypocenterProcess) -> tuple[int, int]:
    status = hypocenter.status()
    return int(status["logs"]["counted"]), int(status["traces"]["counted"])


def wait_for(hypocenter: HypocenterProcess, sent: Sent, tail: Callable[[], str]) -> None:
    """Until all of it is in windows; more than that fails at once."""

    def reached() -> bool:
        logs, spans = counted(hypocenter)
        assert logs <= sent.logs, f"{logs} records of {sent.logs}"
        assert spans <= sent.spans, f"{spans} spans of {sent.spans}"
        return (logs, spans) == (sent.logs, sent.spans)

    wait_until(reached, 90, lambda: f"{hypocenter.status()}, not {sent}; {tail()}")


def settled(hypocenter: HypocenterProcess) -> Sequence[Incident]:
    """The incidents, once silence has closed every window. What was sent must end with spans."""

    def quiet() -> None:
        closed: list[float] = []

        def still() -> bool:
            closed.append(hypocenter.metric("hypocenter_windows_closed_total"))
            pending = hypocenter.metric("hypocenter_pending_spans")
            return not pending and len(set(closed[-10:])) == 1 and len(closed) > 10

        wait_until(still, 120, hypocenter.log_tail)

    quiet()
    # The store is opened for the first incident, which takes its time; windows wait for that, many of them when they
    # were held. This waits for it too.
    hypocenter.incidents()
    quiet()
    return hypocenter.incidents()


def described(incidents: Sequence[Incident]) -> str:
    return "; ".join(f"{each.title}: {each.diagnosis.summary}" for each in incidents)


def learn(
    hypocenter: HypocenterProcess,
    feeds: Sequence[tuple[Iterator[TrafficSlice], Sender]],
    sent: Sent,
    tail: Callable[[], str],
) -> None:
    """Minutes of events in seconds: in step, or parallel senders would shuffle more time than any sensible lateness."""
    for parts in zip(*(parts for parts, _ in feeds), strict=True):
        for part, (_, sender) in zip(parts, feeds, strict=True):
            sent.give(sender, part)
        wait_for(hypocenter, sent, tail)


def judge(hypocenter: HypocenterProcess, sent: Sent) -> None:
    """The books after a backlog, and no incident."""
    incidents = settled(hypocenter)
    status = hypocenter.status()
    assert status["balanced"]
    for signal, count in (("logs", sent.logs), ("traces", sent.spans)):
        assert status[signal]["counted"] == count
        assert (status[signal]["rejected"], status[signal]["dropped"], status[signal]["pending"]) == (0, {}, 0)
        assert hypocenter.metric("hypocenter_records_total", signal=signal, outcome="late") == status[signal]["late"]
    assert not incidents, described(incidents)


def fails_now(hypocenter: HypocenterProcess, day: Day, sender: Sender, sent: Sent, tail: Callable[[], str]) -> None:
    """The silence of the judges above was not deafness."""
    learn(hypocenter, [(day.failing(1), sender)], sent, tail)
    incidents = settled(hypocenter)
    assert [each.diagnosis.root_causes[0].service_name for each in incidents] == [LEAF], described(incidents)
