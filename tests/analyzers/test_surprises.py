"""The common scale of surprises."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.surprises import missed, standard

DEVIATIONS = st.floats(-1e6, 1e6)


@given(DEVIATIONS, st.floats(1.0, 1e9))
def test_never_more_than_it_was_and_with_its_sign(deviations: float, known: float) -> None:
    left = standard(deviations, known)
    # Squares of what is next to nothing are nothing but rounding.
    assert abs(left) <= abs(deviations) * (1 + 1e-9) + 1e-100
    assert left == 0.0 or math.copysign(1, left) == math.copysign(1, deviations)


@given(DEVIATIONS)
def test_knowing_nothing_is_no_surprise(deviations: float) -> None:
    assert standard(deviations, 0.0) == 0.0


def test_the_less_is_known_the_less_surprising() -> None:
    left = [standard(8.0, known) for known in (1, 5, 20, 1000, 1e9)]
    assert left == sorted(left)
    assert left[0] < 3
    assert left[-1] == pytest.approx(8.0, rel=1e-3)


def test_as_unlikely_as_students_t() -> None:
    """P(T > 5) with 10 degrees of freedom is 2.69e-4, as is that of 3.46 standard deviations."""
    assert standard(5.0, 10.0) == pytest.approx(3.46, abs=0.12)


@given(st.integers(1, 40), st.integers(0, 50), st.integers(0, 1000))
def test_the_more_is_missing_the_more_surprising(calls: int, before: int, made: int) -> None:
    found = [missed(now, calls, before, before + made) for now in range(calls + 1)]
    assert found[0] == 0.0
    assert found == sorted(found)
    assert missed(calls, calls, before + 1, before + 1 + made) <= found[-1]


def test_as_unlikely_as_chance_has_it() -> None:
    """Of 1,000 calls 14 were without; that two of two are: 14.5 / 1001 * 15.5 / 1002, and so 3.51 deviations."""
    assert NormalDist().cdf(-missed(2, 2, 14, 1000)) == pytest.approx(14.5 / 1001 * 15.5 / 1002)
    assert missed(10**4, 10**4, 0, 10**6) < math.inf
    assert NormalDist().cdf(-missed(1, 1, 0.0, 0.5)) == pytest.approx(1 / 3)
