"""What always comes together: one bucket without says little, several in a row do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.accord import Accord


def held(times: int) -> Accord:
    accord = Accord()
    for _ in range(times):
        accord.learn(3, 3)
    return accord


def test_breaks_in_a_row_add_up_to_what_one_does_not_say() -> None:
    accord = held(20)
    assert -2.5 < accord.surprise(1, 3) < -1.5
    for _ in range(10):
        accord.learn(1, 3)
    assert accord.surprise(1, 3) < -4
    # One that holds ends the row, and it was none.
    assert accord.surprise(3, 3) == 0
    accord.learn(3, 3)
    assert accord.surprise(1, 3) > -1.5


def test_nothing_is_said_of_what_is_not_there_nor_of_a_small_part() -> None:
    accord = held(20)
    assert accord.surprise(0, 0) == accord.surprise(90, 100) == accord.surprise(4, 3) == 0
    accord.learn(0, 0)
    assert (accord.kept, accord.broken, accord.row) == (20, 0, 0)


def test_what_breaks_now_and_then_is_no_rule() -> None:
    accord = Accord()
    for number in range(60):
        accord.learn(0 if number % 3 == 0 else 2, 2)
    accord.learn(0, 2)
    assert accord.surprise(0, 2) > -1.5


def test_what_has_not_held_often_is_no_rule_yet() -> None:
    accord = held(5)
    for _ in range(30):
        accord.learn(1, 3)
    assert accord.surprise(1, 3) > -1


@pytest.mark.parametrize("times", [20, 6000])
def test_what_lasts_is_how_it_is_now(times: int) -> None:
    accord = held(times)
    for _ in range(119):
        accord.learn(1, 3)
    assert accord.surprise(1, 3) < -8
    for _ in range(300):
        accord.learn(1, 3)
        assert accord.surprise(1, 3) > -1


def test_one_that_got_lost_breaks_no_rule_however_long_it_held() -> None:
    assert held(6000).surprise(1, 2) > -2.5


def test_what_was_held_back_before_a_release_does_not_outweigh_what_comes_after() -> None:
    accord = held(4000)
    for _ in range(30):
        accord.learn(1, 3)
    accord.fade(1e-3)
    for _ in range(10):
        accord.learn(3, 3)
    assert accord.surprise(1, 3) < -1


def test_what_somebody_says_is_normal_is_not_held_back() -> None:
    accord = held(20)
    for _ in range(10):
        accord.learn(1, 3)
    accord.settle()
    assert accord.surprise(1, 3) == 0


def test_what_was_never_broken_in_years_is_no_trouble_for_numbers() -> None:
    accord = Accord(kept=1e9)
    for _ in range(100):
        accord.learn(0, 1)
    assert -20 < accord.surprise(0, 1) < -10


@given(
    buckets=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=200),
    these=st.integers(0, 9),
    those=st.integers(0, 9),
    fading=st.floats(0.0, 1.0),
)
def test_a_surprise_is_a_number_and_never_a_rise(
    buckets: list[tuple[int, int]], these: int, those: int, fading: float
) -> None:
    accord = Accord()
    for bucket in buckets:
        accord.learn(*bucket)
        accord.fade(fading)
    assert -40 < accord.surprise(these, those) <= 0
