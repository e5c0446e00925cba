"""Users that ask for other things than before: what comes of the work has bounds, and within them nothing is said."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.mixture import bounds


def test_more_of_all_is_no_other_mixture() -> None:
    assert bounds([(900.0, 9000.0), (100.0, 1000.0)]) == (1.0, 1.0)


@pytest.mark.parametrize(("kinds", "each"), [(20, 3.0), (200, 3.0), (2000, 20.0), (5, 300.0)])
def test_what_chance_makes_of_many_kinds_is_hardly_another_mixture(kinds: int, each: float) -> None:
    """What is usual was counted in a hundred windows; nothing has changed."""
    random = Random(kinds)
    odd = 0
    for _ in range(20 if kinds < 500 else 5):
        now = [sum(random.random() < each / 1000 for _ in range(1000)) for _ in range(kinds)]
        odd += bounds([(100 * each, float(count)) for count in now]) != (1.0, 1.0)
    assert odd <= 2


def test_where_one_kind_doubles_chance_makes_none_of_the_others_rare() -> None:
    random, none = Random(5), 0
    for _ in range(100):
        now = [sum(random.random() < 3 / 1000 for _ in range(1000)) for _ in range(19)]
        kinds = [(900.0, 18.0), *((300.0, float(count)) for count in now)]
        none += bounds(kinds)[0] == 0.0
    assert none <= 3


def test_anything_may_come_of_one_kind_alone() -> None:
    least, most = bounds([(50_000.0, 200.0), (50_000.0, 1800.0)])
    assert least == pytest.approx(0.2)
    assert most == pytest.approx(1.8, rel=0.01)
    least, most = bounds([(50_000.0, 2000.0), (50_000.0, 0.0)])
    assert least == 0.0
    assert most == pytest.approx(2.0, rel=0.01)


def test_probes_that_are_left_when_nobody_asks_for_anything_are_another_mixture() -> None:
    """Four of five where one in seven is usual: of the rest, which all others together are, there is a quarter."""
    least, most = bounds([(70.0, 4.0), (250.0, 1.0), (200.0, 0.0)])
    assert least == pytest.approx(1 / (5 * 450 / 520))
    assert most > 2
    assert bounds([(70.0, 1.0), (250.0, 3.0), (200.0, 1.0)]) == (1.0, 1.0)


def test_a_few_units_of_what_is_rare_explain_little() -> None:
    assert bounds([(100_000.0, 300.0), (50.0, 4.0)])[1] < 4
    assert bounds([(100_000.0, 300.0), (1e-9, 3.0)])[1] == 1.0


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert bounds([]) == bounds([(0.0, 0.0)]) == (1.0, 1.0)


KIND = st.tuples(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(0, 50))


@given(kinds=st.lists(KIND, min_size=1, max_size=6))
def test_whatever_comes_of_each_kind_all_that_comes_lies_between(kinds: list[tuple[int, int, int]]) -> None:
    usual, now = sum(kind[0] for kind in kinds), sum(kind[1] for kind in kinds)
    times = now / usual
    least, most = bounds([(float(kind[0]), float(kind[1])) for kind in kinds])
    assert 0 <= least <= 1 <= most
    came = sum(each * count for _, count, each in kinds)
    expected = sum(each * count * times for count, _, each in kinds)
    # What chance may make of a count is left out, and a unit of what is rare.
    chance = sum(
        each * (2 * (times + 1) * (known * times + count) ** 0.5 + 4 * (times + 1) + most)
        for known, count, each in kinds
    ) * (least + most)
    assert least * expected - chance <= came <= most * expected + chance
