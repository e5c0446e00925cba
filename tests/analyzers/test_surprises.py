"""The common scale of surprises."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.surprises import standard

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
