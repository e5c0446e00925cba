"""The filter language, on its own."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.filter import FilterField, parse_filter, parse_number, parse_time
from server.errors import InvalidInputError

FIELDS: tuple[FilterField[dict[str, int | str]], ...] = (
    FilterField("name", lambda item: (item["name"],)),
    FilterField("size", lambda item: (item["size"],) if "size" in item else (), parse_number, ordered=True),
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name", "middle"),
        ("name =", "middle"),
        ("name = a AND", "middle"),
        ("AND name = a", "unknown field 'AND'"),
        ("name = a name = b", "expected AND"),
        ("name = a OR name = b", "no OR"),
        ("name = a and name = b", "expected AND"),
        ("NOT name = a", "unknown field 'NOT'"),
        ("(name = a)", "can't be read"),
        ('name = "a', "can't be read"),
        ("name : a", "expected an operator"),
        ("name = = a", "expected a value"),
        ("name < a", "by = and != only"),
        ("size = x", "write a whole number"),
        ("'name' = a", "unknown field"),
        ("colour = red", "known are name, size"),
        ("name = " + "x" * 5000, "at most"),
    ],
)
def test_what_can_not_be_read_is_explained(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        parse_filter(text, FIELDS)
    (violation,) = raised.value.violations
    assert violation.field == "filter"
    assert problem in violation.description


@given(st.text())
def test_any_text_can_be_quoted(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    if len(quoted) < 4000:
        parsed = parse_filter(f'size > 1 AND name = "{quoted}"', FIELDS)
        assert parsed.matches({"name": text, "size": 2})
        assert not parsed.matches({"name": text + "x", "size": 2})


@given(st.text() | st.text(st.sampled_from("name size=<>!'\"\\() AND12")))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidInputError):
        assert parse_filter(text, FIELDS).conditions or not text.strip()


def test_what_is_unset_compares_to_nothing() -> None:
    assert not parse_filter("size < 5", FIELDS).matches({"name": "a"})
    assert parse_filter("size != 5", FIELDS).matches({"name": "a"})


def test_bounds() -> None:
    assert parse_filter("size > 3 AND size <= 9 AND size >= 2 AND size != 5", FIELDS).bounds("size") == (4, 10)
    assert parse_filter("size = 3", FIELDS).bounds("size") == (3, 4)
    assert parse_filter("size < 3", FIELDS).bounds("size") == (0, 3)
    assert parse_filter("", FIELDS).bounds("size") == (0, 2**63 - 1)


def test_times() -> None:
    assert parse_time("2026-01-31T08:00:00.000000001Z") == 1_769_846_400_000_000_001
    assert parse_time("2026-01-31T09:00:00+01:00") == 1_769_846_400_000_000_000
    for text in ("2026-01-31", "yesterday", "1769846400", "1969-12-31T00:00:00Z", "2300-01-01T00:00:00Z"):
        with pytest.raises(ValueError, match="write a time"):
            parse_time(text)
