"""A backlog in the orders that queues of their own for logs and spans can bring it in; no Collector is needed.

What a real Collector does is a matter of luck: tests/collector/test_backlog.py has it.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.collector.backlog import CONFIG, Day, Sent, fails_now, judge, learn, wait_for
from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.sender import sender_to

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("order", ["spans first", "logs first", "newest first"])
def test_a_backlog_in_any_order_opens_nothing(order: str, tmp_path: Path) -> None:
    day, sent = Day(time.time_ns()), Sent()
    with (
        HypocenterProcess(tmp_path / "hypocenter", CONFIG) as hypocenter,
        sender_to(hypocenter.otlp_grpc) as sender,
    ):
        learn(hypocenter, [(day.learned(1), sender)], sent, hypocenter.log_tail)
        missed, fresh = list(day.missed(1)), list(day.fresh(1))
        match order:
            case "newest first":
                for part in (*fresh, *missed):
                    sent.give(sender, part)
            case "spans first":
                for part in (*missed, *fresh):
                    sent.give_spans(sender, part)
                for part in (*missed, *fresh):
                    sent.give_logs(sender, part)
            case _:
                for part in (*missed, *fresh):
                    sent.give_logs(sender, part)
                for part in (*missed, *fresh):
                    sent.give_spans(sender, part)
        wait_for(hypocenter, sent, hypocenter.log_tail)
        status = hypocenter.status()
        assert status["logs"]["late"] + status["traces"]["late"] >= 1000
        judge(hypocenter, sent)
        fails_now(hypocenter, day, sender, sent, hypocenter.log_tail)
