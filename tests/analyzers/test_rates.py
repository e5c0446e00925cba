"""How surprising a count is. Properties, not scores."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.rates import Rate

EXPOSURES = st.floats(0.5, 1e4)
COUNTS = st.integers(0, 10_000)
TOLERANCES = st.floats(0.0, 0.5)


def learned(*buckets: tuple[float, float]) -> Rate:
    rate = Rate()
    for count, exposure in buckets:
        rate.learn(count, exposure)
    return rate


STEADY = learned(*[(20, 40)] * 50)


@given(COUNTS, st.floats(0, 1e4), TOLERANCES)
def test_knowing_nothing_is_no_surprise(count: int, exposure: float, tolerance: float) -> None:
    assert Rate().surprise(count, exposure, tolerance) == 0.0
    assert Rate().expected(exposure) == 0.0


@given(COUNTS, TOLERANCES)
def test_doing_nothing_is_no_surprise(count: int, tolerance: float) -> None:
    assert STEADY.surprise(count, 0.0, tolerance) == 0.0


@given(st.floats(1, 400), TOLERANCES)
def test_the_same_rate_at_any_load_is_no_surprise(exposure: float, tolerance: float) -> None:
    assert STEADY.surprise(STEADY.expected(exposure), exposure, tolerance) == pytest.approx(0.0, abs=1e-6)


@given(COUNTS, COUNTS, EXPOSURES, TOLERANCES)
def test_more_is_more_surprising(one: int, two: int, exposure: float, tolerance: float) -> None:
    low, high = sorted((one, two))
    assert STEADY.surprise(low, exposure, tolerance) <= STEADY.surprise(high, exposure, tolerance) + 1e-9


@given(COUNTS, EXPOSURES, TOLERANCES)
def test_the_sign_says_which_way(count: int, exposure: float, tolerance: float) -> None:
    surprise = STEADY.surprise(count, exposure, tolerance)
    assert math.isfinite(surprise)
    assert surprise == 0.0 or (surprise > 0) == (count > STEADY.expected(exposure))


@given(COUNTS, EXPOSURES)
def test_tolerance_only_softens(count: int, exposure: float) -> None:
    surprises = [abs(STEADY.surprise(count, exposure, tolerance)) for tolerance in (0.0, 0.1, 0.2, 0.4)]
    assert surprises == sorted(surprises, reverse=True)


def test_a_departure_within_the_tolerance_is_none() -> None:
    assert STEADY.surprise(55, 100, 0.15) == pytest.approx(0.0, abs=1e-6)
    assert STEADY.surprise(45, 100, 0.15) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("count", [0, 40])
def test_little_seen_surprises_little(count: int) -> None:
    """The same share over more work convinces more."""
    surprises = [abs(STEADY.surprise(count * scale, 40 * scale)) for scale in (0.1, 1, 4)]
    assert surprises == sorted(surprises)
    assert abs(STEADY.surprise(count / 20, 2)) < 2


def test_little_known_surprises_little() -> None:
    short, long = learned((5, 10)), learned(*[(5, 10)] * 100)
    assert 0 < short.surprise(60, 40) < long.surprise(60, 40)


def test_bursts_are_ordinary_where_they_were_usual() -> None:
    bursty = learned(*[(0, 40), (40, 40)] * 25)
    assert bursty.dispersion > STEADY.dispersion >= 1.0
    assert bursty.surprise(40, 40) < STEADY.surprise(40, 40) / 2


def test_absence_of_what_is_usual_surprises() -> None:
    assert STEADY.surprise(0, 100) < -5


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.sampled_from([0.0, 0.5, 1.0, 7.0, 1e3])), max_size=30),
    COUNTS,
    EXPOSURES,
)
def test_always_finite(buckets: list[tuple[int, float]], count: int, exposure: float) -> None:
    rate = learned(*buckets)
    assert math.isfinite(rate.surprise(count, exposure, 0.1))
    assert rate.dispersion >= 1.0


def test_fading_keeps_the_rate_and_forgets_how_sure_it_was() -> None:
    rate = learned(*[(20, 40)] * 50)
    expected, before = rate.expected(40), rate.surprise(60, 40)
    rate.fade(0.01)
    assert rate.expected(40) == pytest.approx(expected)
    assert 0 < rate.surprise(60, 40) < before


def test_nothing_is_learned_from_no_work() -> None:
    rate = learned((20, 40))
    rate.learn(100, 0.0)
    assert rate == learned((20, 40))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9])
def test_what_comes_in_some_calls_is_never_taken_for_regular(share: float) -> None:
    """However steady it looked, it can't vary less than whole numbers with this mean do."""
    rate = Rate(least=0.1)
    for _ in range(100):
        rate.learn(share * 1000, 1000)
    assert rate.dispersion == pytest.approx(1 - share, abs=0.02)
    once = Rate(least=0.1)
    for _ in range(100):
        once.learn(1000, 1000)
    assert once.dispersion < 0.2


def test_what_never_was_missing_is_a_rule_and_what_was_is_missing_by_chance() -> None:
    """One call in seventy fails and leaves it out: that two in a row do is not much of a surprise."""
    always, mostly = Rate(least=0.1), Rate(least=0.1)
    for number in range(200):
        always.learn(5, 5)
        mostly.learn(5 - (number % 14 == 0), 5)
    assert always.surprise(0, 2) < -4.5
    assert -3.6 < mostly.surprise(0, 2) < -3.0
    assert mostly.surprise(0, 8) < -6.0
    # Nor does it matter where there are so many that one doesn't differ from another.
    assert mostly.surprise(493, 500) == pytest.approx(0.0, abs=0.2)


def test_two_of_what_is_rare_are_not_many() -> None:
    rate = Rate(least=0.1)
    for _ in range(200):
        rate.learn(0, 5)
    rate.learn(3, 5)
    assert 0 < rate.surprise(2, 15) < 3


def test_what_came_once_and_in_numbers_may_as_well_not_come() -> None:
    """Forty lines of a nightly job, in one bucket of fifty."""
    nightly = Rate(0.0, 400.0)
    for bucket in range(50):
        nightly.learn(40.0 if bucket == 10 else 0.0, 20.0)
    assert nightly.expected(240.0) > 5
    assert abs(nightly.surprise(0.0, 240.0)) < 1.5


@given(st.integers(1, 40))
def test_what_came_in_most_buckets_is_missed_however_few_they_are(empty: int) -> None:
    steady = learned(*[(20, 40)] * 60, *[(0, 40)] * empty)
    assert steady.surprise(0.0, 240.0) < -3


def test_counts_wait_for_the_exposure_they_belong_to() -> None:
    """Of one unit of work in four a trace is kept, of all of them the records."""
    rate = Rate()
    for bucket in range(100):
        if bucket % 4:
            rate.defer(5)
        else:
            rate.learn(5, 1)
    assert rate.expected(1.0) == pytest.approx(20.0, rel=0.05)


def test_nor_do_they_wait_for_long() -> None:
    """A night without work, in which something is written by the clock."""
    rate = learned(*[(2, 1)] * 100)
    for _ in range(10_000):
        rate.defer(1)
    rate.learn(2, 1)
    assert rate.expected(1.0) == pytest.approx(2.0)


def test_counts_that_wait_fade_as_well() -> None:
    rate = learned((20, 1))
    rate.defer(100)
    rate.fade(0.01)
    rate.learn(0, 1)
    assert rate.count == pytest.approx(1.2)


def test_a_rate_of_an_older_version_judges_as_before() -> None:
    """It knows of no buckets with any."""
    older = Rate(count=100_000, exposure=200_000, residuals=5000, buckets=5000)
    assert older.surprise(0, 240) < -15


def test_a_quiet_night_makes_no_clumps_of_what_comes_by_day() -> None:
    """Poisson, one in ten units of work; two hundred a bucket by day, one by night."""
    rate, random = Rate(), Random(1)
    for bucket in range(4000):
        work = 200 if bucket % 1000 < 300 else 1
        rate.learn(sum(random.random() < 0.1 for _ in range(work)), work)
    assert rate.surprise(0, 600) < -12


FAILING = learned(*[(int(number % 9 == 0), 20) for number in range(40)])
NEVER = learned(*[(0, 5)] * 30)


@given(COUNTS, st.integers(0, 10_000), TOLERANCES)
def test_of_calls_that_fail_the_exact_tail_tells_more_and_never_less(failed: int, calls: int, tolerance: float) -> None:
    for rate in (FAILING, NEVER, STEADY, Rate()):
        surprise = rate.of_calls(failed, calls, tolerance)
        assert math.isfinite(surprise)
        assert surprise >= rate.surprise(failed, calls, tolerance)
        assert (surprise > 0) == (rate.surprise(failed, calls, tolerance) > 0)


@given(st.integers(1, 60))
def test_more_failures_are_more_surprising(calls: int) -> None:
    for rate in (FAILING, NEVER):
        found = [rate.of_calls(failed, calls) for failed in range(calls + 1)]
        assert found == pytest.approx(sorted(found))


def test_a_few_failures_where_there_were_none_are_plain_and_one_is_not() -> None:
    assert NEVER.of_calls(8, 12) > 5 > NEVER.surprise(8, 12)
    assert NEVER.of_calls(1, 12) < 2.5


def bursty() -> Rate:
    """Of which it is known how many fail at once."""
    return learned(*[(3 if number % 4 == 0 else 0, 20) for number in range(400)])


def test_one_request_that_is_repeated_is_not_plain_however_long_none_has_failed() -> None:
    long = learned(*[(0, 50)] * 400)
    assert long.of_calls(3, 20, repeated=3.0) < 3.5 < long.of_calls(3, 20)
    assert bursty().of_calls(3, 20, repeated=3.0) == pytest.approx(bursty().of_calls(3, 20), abs=0.3)


def test_the_more_calls_the_plainer_the_same_share_of_failures() -> None:
    for rate in (FAILING, NEVER):
        found = [rate.of_calls(calls / 2, calls) for calls in range(10, 1000, 10)]
        assert found == pytest.approx(sorted(found))


def test_failures_that_come_together_count_for_fewer() -> None:
    bursts = learned(*[(6 if number % 10 == 0 else 0, 20) for number in range(40)])
    alone = learned(*[(1 if number % 5 < 3 else 0, 20) for number in range(40)])
    assert bursts.expected(20) == alone.expected(20)
    assert bursts.of_calls(6, 20) < alone.of_calls(6, 20) - 0.5


def test_what_came_for_a_while_is_not_missed_afterwards() -> None:
    """A job that ran once."""
    job = learned(*[(0, 10)] * 20, *[(30, 10)] * 4)
    assert job.surprise(0, 30) == 0.0
    always = learned(*[(5, 10)] * 24)
    assert always.surprise(0, 30) < -4.0
    lasting = learned(*[(0, 10)] * 20, *[(5, 10)] * 60)
    assert lasting.surprise(0, 30) < -3.0


def test_what_is_new_is_as_usual_as_it_was_since() -> None:
    new = learned(*[(0, 10)] * 20, *[(30, 10)] * 3)
    assert new.surprise(90, 30) > 4.0
    assert abs(new.since_met().surprise(90, 30)) < 1.0
    assert new.since_met().surprise(900, 30) > 4.0


def test_buckets_in_a_row_are_one_event_as_in_a_job() -> None:
    row = learned(*([(4, 10)] * 6 + [(0, 10)] * 24) * 4)
    spread = learned(*([(4, 10)] + [(0, 10)] * 4) * 24)
    assert row.clump > 2.0 * spread.clump
    assert abs(row.surprise(0, 240)) < abs(spread.surprise(0, 240))


def test_what_was_estimated_tells_nothing_of_the_dispersion() -> None:
    known, estimated = learned(*[(0, 10), (8, 10)] * 20), learned(*[(0, 10), (8, 10)] * 20)
    for _ in range(100):
        known.learn(4, 10)
        estimated.learn(4, 10, estimated=True)
    assert known.dispersion < 0.5 * estimated.dispersion
    assert known.expected(10) == estimated.expected(10)


def test_what_a_single_doing_adds_widens_what_is_usual_without_moving_it() -> None:
    calm, stirred = learned(*[(4, 10)] * 40), learned(*[(4, 10)] * 40)
    for _ in range(4):
        calm.learn(4, 10)
        stirred.learn(4, 10, beyond=60)
    assert stirred.expected(10) == calm.expected(10)
    assert stirred.dispersion > calm.dispersion


def test_a_checkpoint_in_which_more_went_before_than_there_was_tells_nothing() -> None:
    assert Rate(1.0, 4.0, before=8.0).since_met().exposure == 0.0
