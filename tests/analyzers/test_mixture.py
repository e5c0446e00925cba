"""Users that ask for other things than before: what comes of the work has bounds, and within them nothing is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.mixture import bounds


def test_more_of_all_is_no_other_mixture() -> None:
    assert bounds({"read": 900.0, "write": 100.0}, {"read": 9000, "write": 1000}) == (1.0, 1.0)


def test_what_chance_makes_of_a_share_is_no_other_mixture() -> None:
    assert bounds({"read": 900.0, "write": 100.0}, {"read": 88, "write": 15}) == (1.0, 1.0)


def test_anything_may_come_of_one_kind_alone() -> None:
    least, most = bounds({"read": 500.0, "write": 500.0}, {"read": 20, "write": 180})
    assert least == pytest.approx(0.2)
    assert most == pytest.approx(1.8)
    assert bounds({"read": 500.0, "write": 500.0}, {"read": 200}) == (0.0, 2.0)


@pytest.mark.parametrize("now", [{}, {"unknown": 50}])
def test_where_nothing_is_known_nothing_is_said(now: dict[str, int]) -> None:
    assert bounds({"read": 500.0}, now) == bounds({}, now) == (1.0, 1.0)


KINDS = "abcdef"
COUNTS = st.fixed_dictionaries({}, optional={kind: st.integers(1, 10_000) for kind in KINDS})


@given(usual=COUNTS, now=COUNTS, each=st.fixed_dictionaries({kind: st.integers(0, 50) for kind in KINDS}))
def test_whatever_comes_of_each_kind_all_that_comes_lies_between(
    usual: dict[str, int], now: dict[str, int], each: dict[str, int]
) -> None:
    total, known = sum(now.get(kind, 0) for kind in usual), sum(usual.values())
    least, most = bounds(usual, now)
    if not total or not known:
        return
    came = sum(each[kind] * now.get(kind, 0) for kind in usual)
    expected = sum(each[kind] * usual[kind] for kind in usual) * total / known
    # What chance may make of a share is left out: three standard deviations of each.
    chance = sum(each[kind] * 3 * ((total * usual[kind] / known) ** 0.5 + 1) for kind in usual)
    assert least * expected - chance <= came <= most * expected + chance
