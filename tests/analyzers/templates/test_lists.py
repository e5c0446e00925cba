"""How many there are of something is a value."""

import pytest

from analyzers.templates.lists import tidied
from tests.analyzers.templates.test_miner import mined


def listing(count: int) -> str:
    seats = ", ".join(f"Ticket(seat={number}, from=nanjing, to=suzhou)" for number in range(count))
    return f"sold [Left{{tickets=[{seats}], all=true}}] today"


def test_lists_of_any_length() -> None:
    assert len({mined(listing(count))[0] for count in range(1, 15)}) == 1


def test_lists_that_are_cut() -> None:
    assert len({mined(listing(count))[0] for count in range(40, 60)}) == 1


def test_lists_in_lists() -> None:
    one = "{1={a=[2, 3], b=(c=1, d=2)}}"
    assert mined(one) == mined("{1={a=[2, 3], b=(c=1, d=2)}, 7={a=[4], b=(c=5, d=6)}}")


@pytest.mark.parametrize("text", ["a), b), c", "call(a), call(b)", "]), [(", "no, no, no", "f(a),g(a)"])
def test_what_differs_stays(text: str) -> None:
    assert tidied(text, cut=False) == text


def test_half_a_word_is_left_out() -> None:
    assert tidied("all is well tha", cut=True) == "all is well"
    assert tidied("oneword", cut=True) == "oneword"


def test_a_cut_body_has_the_template_of_where_it_is_cut() -> None:
    assert len({mined("word " * 300 + end)[0] for end in ("", "x", "other 7", "y" * 5000)}) == 1
