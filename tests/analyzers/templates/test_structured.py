"""Bodies that are JSON: their message speaks for them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.templates.structured import unescaped
from tests.analyzers.templates.test_miner import mined


def text(**fields: object) -> str:
    return mined(json.dumps(fields, ensure_ascii=False))[0].text


def test_other_fields_make_no_difference() -> None:
    alone = mined("order 7 placed")[0]
    assert mined('{"msg": "order 9 placed"}') == [alone]
    assert mined('{"level":"info","order":{"id":7,"tags":["a","b"]},"message":"order 9 placed","n":null}') == [alone]
    assert mined('{\n  "level": "info",\n  "message": "order 12 placed"\n}') == [alone]


def test_messages_make_one() -> None:
    assert text(level="error", msg="charge declined") != text(level="error", msg="ledger unreachable")


def test_the_message_comes_before_what_merely_may_be_one() -> None:
    assert text(event="checkout", text="x", message="charge declined") == "charge declined"
    assert text(event="user_login", user="ann") == "user_login"
    assert text(message="", msg="charge declined") == "charge declined"


def test_an_error_is_part_of_it() -> None:
    assert text(msg="request failed", error="connection refused") != text(msg="request failed", error="timed out")
    assert text(msg="request 1 failed", error="timed out after 3 s") == text(
        msg="request 2 failed", error="timed out after 70 ms"
    )


def test_of_several_lines_the_first() -> None:
    assert text(message="boom 7\n\tat Ledger.java:88\n\tat Main.java:1") == "boom <*>"


def test_quotes_within() -> None:
    assert text(message='no such table "orders" here') == 'no such table "<*>" here'


def test_letters_written_as_escapes_are_letters() -> None:
    declined, placed = "订单支付失败", "订单支付成功"
    assert mined(json.dumps({"message": declined}))[0].text == declined
    assert mined(json.dumps({"message": declined})) != mined(json.dumps({"message": placed}))
    assert mined(json.dumps({"message": declined})) == mined(json.dumps({"message": declined}, ensure_ascii=False))


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x1F64F, categories=["Lo"])))
def test_unescaped(written: str) -> None:
    assert unescaped(json.dumps(written)) == f'"{written}"'


@pytest.mark.parametrize("body", [r"C:\users\ann", r"\u12", r"\ud83d alone", r"\u0007", "plain"])
def test_what_is_no_letter_stays(body: str) -> None:
    assert unescaped(body) == body


def test_without_a_message_the_keys_are_the_wording() -> None:
    assert text(user="ann", n=1, ok=True) == text(user="bob", n=22, ok=False)
    assert text(user="ann", n=1) != text(user="ann", m=1)


def test_a_trace_as_long_as_may_be_has_the_template_of_its_first_line() -> None:
    assert mined("boom went the ledger\n" + "\tat Ledger.java:88\n" * 500) == mined("boom went the ledger")


def test_cut_short() -> None:
    one, other = (json.dumps({"message": "order placed", "items": ["x" * 10] * count}) for count in (200, 5000))
    assert mined(one) == mined(other)
    assert mined(one)[0].text == "order placed"
