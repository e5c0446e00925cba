"""Scores against values worked out by hand, and what must hold for all of them."""

import math
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.service import service_key
from rca.diagnosis import Evidence, RootCause
from server.evaluation.scoring import Rank, false_alarm_bound, rank_of, share, told_at
from tests.server.web import shop


def causes(**scores: float) -> list[RootCause]:
    return [
        RootCause(service_key(name), (Evidence("s", score / 2, ""), Evidence("t", score / 2, "")), "", ())
        for name, score in scores.items()
    ]


@pytest.mark.parametrize(
    ("better", "tied", "accuracies", "reciprocal", "expected"),
    [
        (0, 0, (1.0, 1.0, 1.0), 1.0, 1.0),
        (1, 0, (0.0, 1.0, 1.0), 1 / 2, 2.0),
        (5, 0, (0.0, 0.0, 0.0), 1 / 6, 6.0),
        # One of two at the top: first half of the time.
        (0, 1, (1 / 2, 1.0, 1.0), (1 + 1 / 2) / 2, 1.5),
        # Places 3 to 6, of which only the first is among three and three are among five.
        (2, 3, (0.0, 1 / 4, 3 / 4), (1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 4, 4.5),
    ],
)
def test_ties_count_as_expected(
    better: int, tied: int, accuracies: tuple[float, ...], reciprocal: float, expected: float
) -> None:
    rank = Rank(better, tied)
    assert tuple(rank.accuracy(depth) for depth in (1, 3, 5)) == pytest.approx(accuracies)
    assert rank.reciprocal == pytest.approx(reciprocal)
    assert rank.expected == expected


@given(st.integers(0, 4), st.integers(0, 4))
def test_expected_is_the_mean_over_all_ways_to_break_the_tie(better: int, tied: int) -> None:
    orders = list(permutations(range(tied + 1)))
    places = [better + 1 + order.index(0) for order in orders]
    rank = Rank(better, tied)
    assert rank.expected == pytest.approx(sum(places) / len(places))
    assert rank.reciprocal == pytest.approx(sum(1 / place for place in places) / len(places))
    for depth in (1, 3, 5):
        assert rank.accuracy(depth) == pytest.approx(sum(place <= depth for place in places) / len(places))


def test_rank_of() -> None:
    found = causes(a=3.0, b=2.0, c=2.0, d=1.0)
    assert rank_of(found, ("a",)) == Rank(0, 0)
    assert rank_of(found, ("b",)) == Rank(1, 1)
    assert rank_of(found, ("d",)) == Rank(3, 0)
    assert rank_of(found, ("x",)) is None
    assert rank_of([], ("a",)) is None
    # The best placed of several; another true one is no rival.
    assert rank_of(found, ("d", "b", "c")) == Rank(1, 0)
    # The order they came in says nothing.
    assert rank_of(found[::-1], ("b",)) == Rank(1, 1)


def test_scores_that_differ_by_rounding_are_tied() -> None:
    assert rank_of(causes(a=0.1 + 0.2, b=0.3), ("b",)) == Rank(0, 1)


def test_the_interval_is_wilsons() -> None:
    """Eight of ten: 0.490 to 0.943 (R, binom::binom.wilson(8, 10))."""
    found = share([1.0] * 8 + [0.0] * 2)
    assert (found.value, found.count) == (0.8, 10)
    assert found.low == pytest.approx(0.4901625, abs=1e-6)
    assert found.high == pytest.approx(0.9433178, abs=1e-6)


def test_all_or_nothing_still_leaves_doubt() -> None:
    always, never = share([1.0] * 12), share([0.0] * 12)
    assert (always.value, always.high, never.value, never.low) == (1.0, 1.0, 0.0, 0.0)
    assert always.low == pytest.approx(0.757506, abs=1e-5)
    assert never.high == pytest.approx(0.242494, abs=1e-5)
    empty = share([])
    assert (empty.count, math.isnan(empty.value)) == (0, True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_interval_holds_the_mean_and_shrinks_with_more(values: list[float]) -> None:
    one, four = share(values), share(values * 4)
    assert 0 <= one.low <= one.value + 1e-9
    assert one.value - 1e-9 <= one.high <= 1
    assert four.high - four.low < one.high - one.low


@pytest.mark.parametrize(
    ("alarms", "hours", "bound"),
    # Exact: half of the 95 % point of chi-squared with 2 (alarms + 1) degrees of freedom.
    [(0, 1.0, 2.9957), (0, 10.0, 0.29957), (1, 1.0, 4.7439), (5, 1.0, 10.5130), (20, 2.0, 14.5310)],
)
def test_the_false_alarm_bound_is_poissons(alarms: int, hours: float, bound: float) -> None:
    assert false_alarm_bound(alarms, hours) == pytest.approx(bound, rel=0.01)


@given(st.integers(0, 100), st.floats(0.1, 1000))
def test_the_false_alarm_bound_is_above_what_was_seen_and_falls_with_time(alarms: int, hours: float) -> None:
    bound = false_alarm_bound(alarms, hours)
    assert bound > alarms / hours
    assert bound < false_alarm_bound(alarms + 1, hours)
    assert false_alarm_bound(alarms, 2 * hours) < bound


@pytest.mark.parametrize("hours", [0.0, -1.0])
def test_without_time_nothing_is_known(hours: float) -> None:
    assert false_alarm_bound(0, hours) == math.inf


@pytest.mark.parametrize(
    ("opened", "came_back", "told"), [(12, 0, 12), (8, 0, 0), (8, 15, 15), (8, 9, 0), (12, 15, 12)]
)
def test_somebody_is_told_when_an_incident_is_opened_or_comes_back(opened: int, came_back: int, told: int) -> None:
    incident = replace(shop.OPEN, create_unix_nano=opened, reopen_unix_nano=came_back)
    assert told_at(incident, 10) == told
