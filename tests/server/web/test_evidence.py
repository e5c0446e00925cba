from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rca.diagnosis import Evidence
from server.web.evidence import add_up, signed
from tests.server.web.shop import CAUSE

contributions = st.lists(st.floats(-50, 50, allow_nan=False), max_size=12)


@given(contributions)
def test_shown_amounts_add_up_to_the_shown_score(values: list[float]) -> None:
    cause = replace(CAUSE, evidence=tuple(Evidence("s", value, "") for value in values))
    whole = add_up(cause)
    assert sum(bar.amount for bar in whole.bars) == whole.total == round(cause.score * 100)
    for bar, value in zip(whole.bars, values, strict=True):
        assert abs(bar.amount - value * 100) <= 1.01


@given(contributions)
def test_bars_stay_within_the_drawing(values: list[float]) -> None:
    whole = add_up(replace(CAUSE, evidence=tuple(Evidence("s", value, "") for value in values)))
    for bar in whole.bars:
        assert bar.start >= 0
        assert bar.width >= 0
        assert bar.start + bar.width <= 100.03


def test_each_bar_begins_where_the_one_before_ended() -> None:
    whole = add_up(replace(CAUSE, evidence=(Evidence("a", 3.0, ""), Evidence("b", -1.0, ""), Evidence("c", 2.0, ""))))
    assert [(bar.start, bar.width) for bar in whole.bars] == [(0, 75), (50, 25), (50, 50)]
    assert (whole.zero, whole.total_start, whole.total_width) == (0, 0, 100)


def test_what_speaks_against_lies_left_of_nothing() -> None:
    whole = add_up(replace(CAUSE, evidence=(Evidence("a", -1.0, ""), Evidence("b", 4.0, ""))))
    assert whole.zero == 25
    assert [(bar.start, bar.width) for bar in whole.bars] == [(0, 25), (0, 100)]


@pytest.mark.parametrize(("hundredths", "text"), [(0, "+0.00"), (-5, "−0.05"), (120, "+1.20"), (-12345, "−123.45")])
def test_signs_are_always_shown(hundredths: int, text: str) -> None:
    assert signed(hundredths) == text
