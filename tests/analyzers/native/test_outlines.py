"""Native outlines are those of RE2, byte by byte."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzers.templates.masking import outline, outline_in_columns
from tests.analyzers.native.needed import if_built, needed
from tests.analyzers.templates.test_golden import GOLDEN, NAMES
from tests.benchmarks.log_load import Lines
from tests.benchmarks.mining import labelled
from tests.benchmarks.options import Options

pytestmark = if_built

# What a word with a digit may begin with, hold, end with, or be cut at.
FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "Z",
            "_",
            "z_",
            "0",
            "9",
            "1234567890",
            ".",
            "@",
            "%",
            "$",
            "#",
            "+",
            "-",
            "--1",
            "/",
            ":",
            " ",
            "",
            "\t",
        ),
        *(
            "\\",
            "\\u",
            "\\u8ba2",
            "\\ud83d\\ude00",
            "\\ud83d",
            "\\\\u0031",
            "u0031",
            "\\u00",
            "\n",
            "\0",
            "\x03",
            "é",
            "µ",
        ),
        *(
            "订单",
            "٣",
            "²",
            "½",
            "Ⅷ",
            "\U0001f600",
            "ſ",
            "K",
            "a0",
            "<*>",
            "0x7f",
            "1.2.3.4:80",
            "é1",
            "1é",
            "_1_",
            "[",
            "`",
            "{",
        ),
    ]
)
BODIES = st.lists(
    st.one_of(
        st.lists(FRAGMENTS, max_size=20).map("".join),
        st.text(max_size=30),
        # Around the length that is looked at, in characters of one byte to four.
        st.builds(
            lambda fragment, times, end: (fragment * 1024)[: times // max(1, len(fragment)) * len(fragment)] + end,
            st.sampled_from(["a", "é", "订", "\U0001f600", "a1 ", "1", "a1é"]),
            st.integers(1018, 1030),
            st.lists(FRAGMENTS, max_size=4).map("".join),
        ),
    ),
    max_size=12,
)


def both(bodies: "pa.StringArray") -> tuple[list[str], list[str]]:
    return outline(bodies).to_pylist(), outline_in_columns(bodies).to_pylist()


@settings(max_examples=300, deadline=None)
@given(BODIES)
@example(["\\u0031", "1", "a1", "\\u0031"])
@example([""])
def test_outlines_are_those_of_the_patterns(bodies: list[str]) -> None:
    found, expected = both(pa.array(bodies, type=pa.string()))
    assert found == expected


@settings(max_examples=50, deadline=None)
@given(BODIES, st.integers(0, 12), st.integers(0, 12))
def test_slices_are_outlined_where_they_lie(bodies: list[str], start: int, length: int) -> None:
    found, expected = both(pa.array(bodies, type=pa.string()).slice(start, length))
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_golden_lines(name: str) -> None:
    lines = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found, expected = both(pa.array(lines, type=pa.string()))
    assert found == expected


def test_synthetic_lines() -> None:
    found, expected = both(pa.array(Lines(letters=True).draw(5000), type=pa.string()))
    assert found == expected


def test_real_lines() -> None:
    systems = list(labelled(Options()))
    if not systems:
        pytest.skip("no loghub: set HYPOCENTER_LOGHUB to its folder")
    for name, lines in systems:
        found, expected = both(pa.array([line.body for line in lines], type=pa.string()))
        assert found == expected, name


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_no_bytes_break_it(bodies: list[bytes]) -> None:
    """Not even what is no text; that never comes so far, since doors refuse it."""
    library = needed()
    offsets = np.cumsum([0, *map(len, bodies)], dtype=np.int32)
    column = pa.Array.from_buffers(
        pa.string(), len(bodies), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(bodies))]
    )
    try:
        found = library.outlines(column)
    except UnicodeDecodeError:
        return
    assert found is None or len(found[0]) == len(bodies)
