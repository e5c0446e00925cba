"""Signs that somebody is catching up, and what they hold up for how long. Times are in seconds after noon."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.catch_up import Arrival, CatchUp, CatchUpSettings, CatchUpState
from tests.analyzers.telemetry import NOON, SECOND

LATENESS, PATIENCE, LONGEST = 10, 30, 300
LOGS, SPANS = False, True


def catch_up(patience: int = PATIENCE, most: int = 400_000) -> CatchUp:
    return CatchUp(CatchUpSettings(LATENESS * SECOND, 5 * SECOND, patience * SECOND, LONGEST * SECOND, most))


def see(watch: CatchUp, spans: bool, event: float, clock: float, records: int = 100) -> int:
    """Up to where event time is complete then."""
    arrival = Arrival(spans, NOON + int(event * SECOND), NOON + int(clock * SECOND), records)
    return (watch.see(arrival) - NOON) // SECOND


def live(watch: CatchUp, begin: int, end: int) -> None:
    """Both signals, each second as it happens."""
    for second in range(begin, end):
        see(watch, LOGS, second - 0.5, second)
        see(watch, SPANS, second - 0.3, second + 0.2)


def test_in_good_times_the_watermark_is_what_is_complete() -> None:
    watch = catch_up()
    live(watch, 0, 60)
    assert see(watch, LOGS, 60, 60) == 50
    assert not watch.holding()
    assert not watch.expects_more(NOON + 61 * SECOND)


@pytest.mark.parametrize("spans", [LOGS, SPANS])
def test_one_signal_drains_before_the_other(spans: bool) -> None:
    watch = catch_up()
    live(watch, 0, 60)
    # Five minutes later: all of one, and after a retry all of the other.
    for second in range(60, 360, 5):
        held = see(watch, spans, second, 360 + second / 1000)
    assert held <= 60
    assert watch.holding()
    for second in range(60, 360, 5):
        held = see(watch, not spans, second, 380 + second / 1000)
    assert held <= 60
    live(watch, 381, 410)
    assert see(watch, LOGS, 410, 410) <= 60
    # Half a minute after the last sign.
    assert see(watch, LOGS, 411, 411) == 401
    assert not watch.holding()


def test_a_silence_is_waited_out_while_the_other_half_is_missing() -> None:
    watch = catch_up()
    live(watch, 0, 60)
    for second in range(60, 360, 5):
        see(watch, LOGS, second, 360 + second / 1000)
    assert watch.expects_more(NOON + 380 * SECOND)
    assert not watch.expects_more(NOON + 391 * SECOND)


def test_a_silence_ends_what_came_in_order_and_whole() -> None:
    """As when recorded telemetry is replayed as fast as it goes."""
    watch = catch_up()
    for second in range(600):
        see(watch, LOGS, second, second / 100)
        held = see(watch, SPANS, second, second / 100 + 0.001)
    assert held < LATENESS
    assert watch.holding()
    assert not watch.expects_more(NOON + 7 * SECOND)
    watch.end()
    assert not watch.holding()
    assert watch.state.complete == NOON + 599 * SECOND


def test_an_old_delivery_is_a_sign_and_what_is_on_time_for_one_signal_too() -> None:
    watch = catch_up()
    live(watch, 0, 60)
    before = see(watch, SPANS, 60, 60)
    assert see(watch, SPANS, 30, 60.5) == before
    assert see(watch, SPANS, 65, 65) == before
    assert watch.expects_more(NOON + 66 * SECOND)
    assert see(watch, SPANS, 91, 91) == 81


def test_after_a_silence_somebody_may_have_more() -> None:
    """Nobody could deliver, so the first that comes is perhaps only the first that came through."""
    watch = catch_up()
    live(watch, 0, 60)
    assert see(watch, LOGS, 120, 120) <= 50
    live(watch, 121, 150)
    assert watch.holding()
    assert not watch.expects_more(NOON + 149 * SECOND)
    assert see(watch, LOGS, 151, 151) == 141


def test_a_pause_that_is_usual_is_no_sign() -> None:
    watch = catch_up()
    for second in range(0, 600, 20):
        see(watch, LOGS, second, second + 1)
        assert see(watch, SPANS, second, second + 4) == second - LATENESS


def test_a_clock_that_is_always_wrong_holds_up_once() -> None:
    watch = catch_up()
    held = []
    for second in range(1200):
        see(watch, LOGS, second, second)
        if see(watch, SPANS, second - 8, second + 0.5) < second - LATENESS:
            held.append(second)
    assert held == list(range(1, 1 + len(held)))
    assert LONGEST - 1 <= len(held) <= LONGEST
    # Only when the signs have stopped for a while do they mean something again.
    for second in range(1200, 1240):
        see(watch, LOGS, second, second)
    assert see(watch, SPANS, 1230, 1240) < 1230
    assert watch.holding()


def test_without_patience_nothing_is_held() -> None:
    watch = catch_up(patience=0)
    see(watch, LOGS, 0, 0)
    assert see(watch, LOGS, 500, 1) == 490
    assert see(watch, SPANS, 100, 2) == 490


def test_a_clock_that_stands_still_shows_no_sign() -> None:
    watch = catch_up()
    for second in (0, 500, 20, 900):
        complete = see(watch, LOGS, second, 0)
    assert complete == 890


def test_a_recording_is_played_at_any_speed() -> None:
    watch, now = catch_up(), 2 * 86_400
    for second in range(0, 600, 5):
        see(watch, LOGS, second, now + second / 100)
        assert see(watch, SPANS, second, now + second / 100 + 0.001) == second - LATENESS


def test_a_clock_that_is_set_back_neither_fails_nor_holds_for_ever() -> None:
    watch = catch_up()
    live(watch, 0, 60)
    for second in range(60, 200):
        complete = see(watch, LOGS, second, second - 100)
    assert complete == 189


def test_what_is_held_is_bounded() -> None:
    """At the bound, first what both signals have passed is let go, then all."""
    watch = catch_up(most=1000)
    live(watch, 0, 60)
    for second in range(60, 110, 5):
        see(watch, LOGS, second, 360 + second / 100, records=4)
    for second in range(60, 85, 5):
        complete = see(watch, SPANS, second, 361 + second / 100, records=180)
    assert complete < 60
    assert see(watch, SPANS, 85, 362, records=180) == 75
    assert see(watch, SPANS, 85, 363, records=900) == 95
    assert sum(watch.state.held.values()) == 0


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 600), st.integers(0, 20), st.integers(0, 500)), max_size=60),
    st.integers(0, 60),
)
def test_it_goes_on_where_it_was(seen: Sequence[tuple[bool, int, int, int]], cut: int) -> None:
    """What is complete never shrinks nor passes the watermark, and state alone decides it."""
    whole, again = catch_up(most=2000), catch_up(most=2000)
    clock, last, newest = 0, 0, 0
    for number, (spans, event, later, records) in enumerate(seen):
        if number == cut:
            kept = msgspec.msgpack.encode(again.state)
            again = catch_up(most=2000)
            again.state = msgspec.msgpack.decode(kept, type=CatchUpState)
        clock += later
        arrival = Arrival(spans, NOON + event * SECOND, NOON + clock * SECOND, records)
        newest = max(newest, arrival.newest_unix_nano)
        complete = whole.see(arrival)
        assert complete == again.see(arrival)
        assert last <= complete <= newest - LATENESS * SECOND
        last = complete
        assert len(whole.state.ahead) <= PATIENCE + 1
