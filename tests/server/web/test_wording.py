import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web import wording


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("payment", 7, "payment"),
        ("payments", 7, "paymen…"),
        ("支付服务超时", 12, "支付服务超时"),
        ("支付服务超时", 8, "支付服…"),
    ],
)
def test_cut(text: str, width: int, shown: str) -> None:
    assert wording.cut(text, width) == shown


@given(st.text(), st.integers(1, 30))
def test_cut_is_short_enough_and_keeps_the_beginning(text: str, width: int) -> None:
    shown = wording.cut(text, width)
    assert len(shown) <= max(width, 1)
    assert text.startswith(shown.removesuffix("…").rstrip()) or shown == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (9999, "9,999"),
        (12_500, "12.5k"),
        (184_220, "184k"),
        (999_499, "999k"),
        (1_234_567, "1.23M"),
        (2e10, "20G"),
    ],
)
def test_number(value: float, shown: str) -> None:
    assert wording.number(value) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"), [(999, "0.999 µs"), (12_300_000, "12.3 ms"), (999_600_000, "1 s"), (2.31e9, "2.31 s")]
)
def test_latency(nanoseconds: float, shown: str) -> None:
    assert wording.latency(nanoseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (228, "3 min 48 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_duration(seconds: int, shown: str) -> None:
    assert wording.duration(seconds * 10**9) == shown


def test_a_time_no_calendar_holds_is_shown_as_it_is() -> None:
    assert wording.clock(2**64 - 1) == "2554-07-21 23:34:33"
    assert wording.clock(10**30) == f"{10**30} ns"
    assert wording.iso(10**30) == ""


@pytest.mark.parametrize(
    ("value", "unit", "shown"), [(2210, "ms", "2.21 s"), (0.034, "share", "0.034 share"), (390.2, "", "390")]
)
def test_measure(value: float, unit: str, shown: str) -> None:
    assert wording.measure(value, unit) == shown


@given(st.text(st.characters()))
def test_harmless_text_can_be_sent_and_has_nothing_invisible(text: str) -> None:
    shown = wording.harmless(text)
    assert isinstance(shown, str)
    shown.encode()
    assert all(letter in "\n\t" or letter.isprintable() or letter.isspace() or ord(letter) > 127 for letter in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\x7f")
