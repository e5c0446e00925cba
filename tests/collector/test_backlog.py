"""A Collector that was cut off for five minutes sends its backlog mixed with fresh records.

Nothing is lost, what comes late is counted as late, no incident opens that is not one, and one that is still does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.collector.backlog import CONFIG, Day, Sent, fails_now, judge, learn, wait_for
from tests.collector.collector_process import CollectorProcess, CollectorSettings, free_ports, wait_until
from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.relay import Relay
from tests.collector.sender import sender_to

# The first of these to run may have to build the Collector.
pytestmark = [pytest.mark.collector, pytest.mark.slow, pytest.mark.timeout(1500)]


@contextmanager
def collectors(binary: Path, folder: Path, addresses: Sequence[str]) -> Iterator[list[CollectorProcess]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(CollectorProcess(CollectorSettings(binary, folder / f"collector-{n}", address)))
            for n, address in enumerate(addresses)
        ]


def test_hypocenter_was_away(binary: Path, tmp_path: Path) -> None:
    """One Collector, whose queue on disk holds all there was meanwhile; what is fresh comes behind and beside it."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    config = {**CONFIG, "HYPOCENTER_OTLP__GRPC": address}
    day, sent = Day(time.time_ns()), Sent()
    hypocenter = HypocenterProcess(tmp_path / "hypocenter", config)
    with collectors(binary, tmp_path, [address]) as (collector,), sender_to(collector.otlp_grpc) as sender:
        with hypocenter:
            learn(hypocenter, [(day.learned(1), sender)], sent, collector.log_tail)
        for part in day.missed(1):
            sent.give(sender, part)
        # At least one attempt has failed by now, so something comes again out of turn.
        wait_until(lambda: "Exporting failed" in collector.log_tail(), 30, collector.log_tail)
        with hypocenter:
            for part in day.fresh(1):
                sent.give(sender, part)
            wait_for(hypocenter, sent, collector.log_tail)
            # Whichever of logs and spans came second was late, but for its last seconds.
            status = hypocenter.status()
            assert status["logs"]["late"] + status["traces"]["late"] >= 1000
            judge(hypocenter, sent)
            fails_now(hypocenter, day, sender, sent, collector.log_tail)


def test_one_of_two_collectors_was_cut_off(binary: Path, tmp_path: Path) -> None:
    """Two nodes run the same services, and one has lost its network; the other goes on, and so does the time."""
    day, sent = Day(time.time_ns()), Sent()
    with ExitStack() as stack:
        hypocenter = stack.enter_context(HypocenterProcess(tmp_path / "hypocenter", CONFIG))
        relay = Relay(hypocenter.otlp_grpc)
        there, away = stack.enter_context(collectors(binary, tmp_path, [hypocenter.otlp_grpc, relay.address]))
        first, second = stack.enter_context(sender_to(there.otlp_grpc)), stack.enter_context(sender_to(away.otlp_grpc))
        with relay:
            learn(hypocenter, [(day.learned(1), first), (day.learned(2), second)], sent, away.log_tail)
        # What is held up is not yet expected to be there.
        held = Sent()
        for part in day.missed(2):
            held.give(second, part)
        learn(hypocenter, [(day.missed(1), first)], sent, there.log_tail)
        sent.logs, sent.spans = sent.logs + held.logs, sent.spans + held.spans
        with relay:
            for parts in zip(day.fresh(1), day.fresh(2), strict=True):
                for part, sender in zip(parts, (first, second), strict=True):
                    sent.give(sender, part)
            wait_for(hypocenter, sent, away.log_tail)
            late = hypocenter.status()
            assert late["logs"]["late"] >= held.logs * 0.9
            assert late["traces"]["late"] >= held.spans * 0.9
            judge(hypocenter, sent)
            fails_now(hypocenter, day, first, sent, there.log_tail)
