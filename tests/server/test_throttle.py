"""How long senders are told to wait."""

import pytest

from server.drain_rate import DrainRate
from server.throttle import Reason, Throttle

MEBIBYTE = 2**20


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def drained(clock: Clock, rate: DrainRate, size: int, seconds: float, times: int) -> None:
    for _ in range(times):
        rate.begin()
        clock.now += seconds
        rate.finish(size, more=False)


def throttle(clock: Clock, chance: float = 0.0, bytes_per_second: int = MEBIBYTE) -> Throttle:
    """One that has learned that rate."""
    made = Throttle(clock, lambda: chance)
    drained(clock, made.rate, bytes_per_second, 1.0, 200)
    return made


def test_a_pipeline_that_becomes_slower_is_noticed_within_some_seconds_of_work() -> None:
    clock = Clock()
    rate = DrainRate(clock)
    drained(clock, rate, 10 * MEBIBYTE, 1.0, 60)
    assert rate.bytes_per_second == pytest.approx(10 * MEBIBYTE, rel=0.01)
    drained(clock, rate, MEBIBYTE, 1.0, 30)
    assert rate.bytes_per_second == pytest.approx(MEBIBYTE, rel=0.6)


def test_deliveries_that_are_finished_together_are_one_piece_of_work() -> None:
    clock = Clock()
    rate = DrainRate(clock)
    for _ in range(30):
        rate.begin()
        clock.now += 2.0
        for left in (3, 2, 1, 0):
            rate.finish(MEBIBYTE, more=left > 0)
        # Idle.
        clock.now += 17.0
    assert rate.bytes_per_second == pytest.approx(2 * MEBIBYTE, rel=0.02)


def test_one_delivery_that_does_not_end_counts_while_it_lasts() -> None:
    clock = Clock()
    rate = DrainRate(clock)
    drained(clock, rate, 10 * MEBIBYTE, 1.0, 60)
    rate.begin()
    before = rate.bytes_per_second
    clock.now += 60
    assert rate.bytes_per_second < before / 20
    assert rate.bytes_per_second >= 1


def test_the_delay_is_the_backlog_over_the_rate_within_bounds() -> None:
    clock = Clock()
    for backlog, seconds in ((0, 0.5), (4 * MEBIBYTE, 4.0), (20 * MEBIBYTE, 20.0), (2**40, 24.0)):
        refusal = throttle(clock).refusal(Reason.INBOX, "busy", backlog, 0)
        assert refusal.retry_after == pytest.approx(seconds, rel=0.01)


def test_chance_only_adds_and_never_beyond_the_most() -> None:
    clock = Clock()
    for backlog, least, most in ((4 * MEBIBYTE, 4.0, 5.0), (2**40, 24.0, 30.0)):
        for chance in (0.0, 0.5, 1.0):
            delay = throttle(clock, chance).refusal(Reason.INBOX, "busy", backlog, 0).retry_after
            assert least * 0.99 <= delay <= most * 1.01


def test_many_that_are_turned_away_at_once_come_back_one_after_the_other() -> None:
    clock = Clock()
    made = throttle(clock)
    delays = [made.refusal(Reason.INBOX, "busy", 2 * MEBIBYTE, MEBIBYTE).retry_after for _ in range(10)]
    assert delays == pytest.approx([2.0 + place for place in range(10)], rel=0.01)
    # Long after, the row is empty again.
    clock.now += 100
    assert made.refusal(Reason.INBOX, "busy", 2 * MEBIBYTE, MEBIBYTE).retry_after == pytest.approx(2.0, rel=0.01)


def test_refusals_are_counted_by_reason_and_said_for_a_while() -> None:
    clock = Clock()
    made = throttle(clock)
    assert made.reasons() == ()
    made.refusal(Reason.DISK, "disk full", 0, 1)
    clock.now += 6
    made.refusal(Reason.MEMORY, "full", 0, 1)
    made.refusal(Reason.MEMORY, "full", 0, 1)
    assert made.reasons() == (Reason.MEMORY, Reason.DISK)
    clock.now += 6
    assert made.reasons() == (Reason.MEMORY,)
    assert dict(made.refused) == {Reason.INBOX: 0, Reason.MEMORY: 2, Reason.DISK: 1}
