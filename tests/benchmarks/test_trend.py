"""Flat is told from growing, with noise in both."""

import pytest

from tests.benchmarks.trend import Trend, by_minute


def test_noise_around_one_level_is_flat() -> None:
    trend = Trend.of([200, 204, 199, 203, 201, 202, 200])
    assert trend.flat
    assert abs(trend.grown) < 0.02


@pytest.mark.parametrize("step", [3.0, 10.0])
def test_steady_growth_is_not_flat_and_its_slope_is_found(step: float) -> None:
    trend = Trend.of([200 + step * minute + (minute % 2) for minute in range(7)])
    assert not trend.flat
    assert trend.slope.low <= step <= trend.slope.high


def test_one_minute_that_stands_out_does_not_make_a_trend() -> None:
    assert Trend.of([200, 200, 290, 200, 201, 200, 200]).flat


def test_a_short_run_has_a_trend_all_the_same() -> None:
    assert Trend.of([100.0]).slope.median == 0
    assert Trend.of([100.0, 130.0]).slope.median == 30


def test_minutes_are_medians_and_a_rest_is_left_out() -> None:
    assert by_minute([1, 2, 9, 4, 4, 4, 100], every_seconds=20) == [2, 4]
    assert by_minute([5, 7], every_seconds=20) == [6]
