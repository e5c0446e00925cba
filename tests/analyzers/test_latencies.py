"""How surprising durations are. Properties, not scores."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.latencies import Latency
from analyzers.sketch import Sketch

MILLI = 1_000_000
TOLERANCES = st.sampled_from([0.0, 0.1, 0.2])
DURATIONS = st.lists(st.integers(1, 10**12), min_size=1, max_size=40)


def durations(count: int, scale: float = 1.0, seed: int = 1) -> list[int]:
    """Log-normal around 20 ms."""
    random = Random(seed)
    return [max(1, int(20 * MILLI * scale * random.lognormvariate(0, 0.3))) for _ in range(count)]


def learned(buckets: int = 40, each: int = 30) -> Latency:
    latency = Latency()
    for seed in range(buckets):
        latency.learn(Sketch.of(durations(each, seed=1000 + seed)))
    return latency


NORMAL = learned()


@given(DURATIONS, TOLERANCES)
def test_knowing_nothing_is_no_surprise(seen: list[int], tolerance: float) -> None:
    assert Latency().surprise(Sketch.of(seen), tolerance) == 0.0
    assert Latency().typical == 0.0


def test_seeing_nothing_is_no_surprise() -> None:
    assert NORMAL.surprise(Sketch(), 0.1) == 0.0


@pytest.mark.parametrize("count", [1, 10, 100, 1000])
def test_normal_is_no_surprise_at_any_load(count: int) -> None:
    assert abs(NORMAL.surprise(Sketch.of(durations(count, seed=7)), 0.1)) < 3


def test_slower_is_more_surprising() -> None:
    surprises = [NORMAL.surprise(Sketch.of(durations(60, scale)), 0.1) for scale in (0.2, 0.5, 1, 1.5, 2, 5, 20)]
    assert surprises == sorted(surprises)
    assert surprises[0] < -4 < 4 < surprises[-1]


def test_few_calls_surprise_less() -> None:
    surprises = [NORMAL.surprise(Sketch.of([60 * MILLI] * count), 0.1) for count in (1, 4, 16, 64)]
    assert surprises == sorted(surprises)
    assert surprises[0] < surprises[-1]


@pytest.mark.parametrize("outlier", [10**9, 10**11, 10**14])
def test_one_outlier_among_many_is_no_alarm(outlier: int) -> None:
    assert NORMAL.surprise(Sketch.of([*durations(60, seed=3), outlier]), 0.1) < 3


def test_one_call_alone_is_no_alarm() -> None:
    assert NORMAL.surprise(Sketch.of([10**14]), 0.1) <= 4.5


@pytest.mark.parametrize("count", [1, 2, 4])
def test_nor_are_a_few_calls_of_what_hardly_ever_varies(count: int) -> None:
    steady = Latency()
    for _ in range(200):
        steady.learn(Sketch.of([20 * MILLI] * 30))
    assert steady.surprise(Sketch.of([10**14] * count), 0.1) <= 4.5 * math.sqrt(count)


def test_the_beginning_of_a_failure_learned_unawares_does_not_hide_the_rest() -> None:
    """A rarely made call: each bucket holds one or two."""
    latency = learned(buckets=12, each=1)
    normal, slow = latency.mean, [100 * 20 * MILLI] * 3
    before = latency.surprise(Sketch.of(slow), 0.2)
    latency.learn(Sketch.of(slow[:1]))
    assert latency.mean < normal + 0.2
    assert latency.surprise(Sketch.of(slow), 0.2) > 0.8 * before


def test_a_new_level_is_learned_all_the_same() -> None:
    latency = learned()
    for seed in range(80):
        latency.learn(Sketch.of(durations(30, 4.0, 5000 + seed)))
    assert latency.typical > 40 * MILLI


def test_what_hardly_ever_varies_may_be_slow_too() -> None:
    steady = Latency()
    for _ in range(40):
        steady.learn(Sketch.of([20 * MILLI] * 30))
    assert steady.surprise(Sketch.of([200 * MILLI] * 60), 0.2) > 6


def test_a_change_within_the_tolerance_is_none() -> None:
    assert NORMAL.surprise(Sketch.of([int(NORMAL.typical * 1.1)] * 50), 0.2) == 0.0


def test_little_known_surprises_little() -> None:
    slow = Sketch.of(durations(60, 3.0))
    assert 0 < learned(1, 3).surprise(slow, 0.1) < NORMAL.surprise(slow, 0.1)


@given(st.lists(DURATIONS, max_size=6), DURATIONS, TOLERANCES)
def test_always_finite(buckets: list[list[int]], seen: list[int], tolerance: float) -> None:
    latency = Latency()
    for bucket in buckets:
        latency.learn(Sketch.of(bucket))
    assert math.isfinite(latency.surprise(Sketch.of(seen), tolerance))
    assert latency.variance >= 0
    assert latency.drift > 0


def test_typical_is_what_was_learned() -> None:
    assert NORMAL.typical == pytest.approx(20 * MILLI, rel=0.1)


def test_fading_keeps_the_mean_and_forgets_how_sure_it_was() -> None:
    latency, slow = learned(), Sketch.of(durations(60, 3.0))
    typical, before = latency.typical, latency.surprise(slow, 0.1)
    latency.fade(0.001)
    assert latency.typical == pytest.approx(typical)
    assert 0 < latency.surprise(slow, 0.1) < before


def test_a_level_that_used_to_drift_surprises_less_however_many_calls() -> None:
    drifting = Latency()
    for bucket in range(60):
        drifting.learn(Sketch.of(durations(200, (0.6, 1.0, 1.6)[bucket % 3], seed=bucket)))
    slow = Sketch.of(durations(5000, 1.9, seed=9))
    assert drifting.surprise(slow, 0.2) < 3 < learned(60, 200).surprise(slow, 0.2)


def test_what_is_too_short_to_matter_counts_as_the_least_that_does() -> None:
    """As an operation that does nothing itself: callees take all its time, unless spans of theirs are missing."""
    nothing, gap, long = (Sketch.of([duration] * 30) for duration in (0, 3 * MILLI, 60 * MILLI))
    latency = Latency()
    for _ in range(40):
        latency.learn(nothing)
    assert latency.surprise(gap, 0.2) > 4
    assert latency.surprise(gap, 0.2, least=4 * MILLI) == 0.0
    assert latency.surprise(long, 0.2, least=4 * MILLI) > 4
    assert [latency.far_out(item, least=4 * MILLI) for item in (gap, long)] == [False, True]
