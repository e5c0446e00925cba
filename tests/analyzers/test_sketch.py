"""Sketches of durations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.sketch import Sketch, bins_of

DURATIONS = st.lists(st.integers(1, 10**13), max_size=60)


def merged(*parts: Sketch) -> Sketch:
    whole = Sketch()
    for part in parts:
        whole.merge(part)
    return whole


@given(DURATIONS, DURATIONS, DURATIONS)
def test_merging_is_commutative_and_associative(one: list[int], two: list[int], three: list[int]) -> None:
    a, b, c = Sketch.of(one), Sketch.of(two), Sketch.of(three)
    assert merged(a, b, c) == merged(c, b, a) == merged(a, merged(b, c)) == Sketch.of([*one, *two, *three])
    assert a == Sketch.of(one)


@given(st.lists(st.integers(2, 10**13), min_size=1, max_size=60), st.floats(0.0, 1.0))
def test_quantile_is_right_to_five_percent(durations: list[int], share: float) -> None:
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    assert Sketch.of(durations).quantile(share) == pytest.approx(exact, rel=0.05)


@given(DURATIONS)
def test_quantiles_rise(durations: list[int]) -> None:
    sketch = Sketch.of(durations)
    values = [sketch.quantile(share / 10) for share in range(11)]
    assert values == sorted(values)


@pytest.mark.parametrize("duration", [-5, 0, 1])
def test_what_is_under_a_nanosecond_counts_as_one(duration: int) -> None:
    assert Sketch.of([duration]) == Sketch.of([1])
    assert Sketch.of([duration]).quantile(0.5) == pytest.approx(1, rel=0.05)


def test_empty() -> None:
    empty = Sketch()
    assert (empty.quantile(0.5), empty.log_mean(), empty.log_variance(), empty.total()) == (0.0, 0.0, 0.0, 0.0)


def test_weight_is_repetition() -> None:
    weighed = Sketch()
    weighed.add(5_000, 7)
    assert weighed == Sketch.of([5_000] * 7)


@given(st.lists(st.integers(2, 10**13), min_size=2, max_size=60))
def test_moments_follow_the_durations(durations: list[int]) -> None:
    sketch = Sketch.of(durations)
    logs = [math.log(item) for item in durations]
    assert sketch.log_mean() == pytest.approx(sum(logs) / len(logs), abs=0.05)
    assert sketch.log_variance() >= 0.0
    assert sketch.total() == pytest.approx(sum(durations), rel=0.05)


@given(st.lists(st.one_of(st.integers(0, 2**63 - 1), st.integers(0, 200)), max_size=50))
def test_many_at_once_go_into_the_same_bins(durations: list[int]) -> None:
    bins = bins_of(np.array(durations, dtype=np.int64)).tolist()
    together = Sketch()
    together.add_bins(bins, [1] * len(bins))
    assert together == Sketch.of(durations)


def test_durations_next_to_the_border_of_a_bin_go_into_the_same() -> None:
    borders = [int(math.exp(index * math.log(1.1))) for index in range(458)]
    durations = sorted({max(0, border + step) for border in borders for step in range(-3, 4)})
    bins = bins_of(np.array(durations)).tolist()
    assert bins == [next(iter(Sketch.of([duration]).bins)) for duration in durations]


def test_without_the_slowest_it_is_as_of_the_others() -> None:
    durations = [1, 10, 100, 1000, 1000]
    for number in range(6):
        assert Sketch.of(durations).without_slowest(number) == Sketch.of(durations[: 5 - number])
    assert Sketch.of(durations).without_slowest(9) == Sketch()
