"""Columns of log records read natively are those read by numpy, whatever bytes the records are made of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.native import without_native
from analyzers.otlp.log_columns import LogColumns, read_columns
from analyzers.wire import Repeated, Wire
from tests.analyzers.native.needed import if_built, needed
from tests.analyzers.otlp.test_parser_agrees import UNKNOWN, records
from tests.analyzers.wire.test_native_walk import FIELDS, places

pytestmark = if_built

NAMES = [int.from_bytes(b"log_coun", "little")]
MOST = 100
PIECES = st.sampled_from(
    [
        *(
            b"\x5912345678",
            b"\x09" + b"\xff" * 8,
            b"\x10\x18",
            b"\x10\x19",
            b"\x10\x00",
            b"\x2a\x00",
            b"\x2a\x02\x0a\x00",
        ),
        *(
            b"\x2a\x05\x0a\x03abc",
            b"\x2a\x06\x0a\x83\x00abc",
            b"\x2a\x05\x0a\x02abc",
            b"\x2a\x05\x0a\x04abc",
            b"\x2a\x02\x18\x01",
        ),
        *(b"\x2a\x67\x0a\x65" + b"x" * 101, b"\x2a\x66\x0a\x64" + b"x" * 100, b"\x2a\x01\x0a", b"\x2a\x02\x0a\xff"),
        *(
            b"\x4a\x10" + b"t" * 16,
            b"\x4a\x03abc",
            b"\x52\x08" + b"s" * 8,
            b"\x52\x00",
            b"\x62\x00",
            b"\x62\x01e",
            b"\x1a\x04WARN",
        ),
        *UNKNOWN,
    ]
)
MESSAGES = st.lists(
    st.one_of(
        st.lists(st.one_of(PIECES, FIELDS), max_size=10).map(b"".join),
        records.map(lambda record: record.SerializeToString()),
        st.binary(max_size=30),
    ),
    max_size=6,
)


def said(found: LogColumns, row: int) -> tuple[object, ...]:
    """Of one record."""

    def of(more: Repeated) -> list[tuple[int, int]]:
        here = np.flatnonzero(more.row == row)
        return list(zip(more.at[here].tolist(), more.size[here].tolist(), strict=True))

    text = (int(found.text_at[row]), int(found.text_size[row])) if found.text_size[row] else None
    ids = (found.trace_id[row].tolist(), int(found.span_id[row]))
    numbers = (int(found.time[row]), int(found.observed[row]), int(found.severity[row]))
    return numbers, text, ids, of(found.severity_names), of(found.events)


@settings(max_examples=200, deadline=None)
@given(MESSAGES)
def test_columns_are_the_same(messages: list[bytes]) -> None:
    wire, (start, end) = Wire(messages), places(messages)
    found = read_columns(wire, start, end, NAMES, MOST)
    with without_native():
        expected = read_columns(wire, start, end, NAMES, MOST)
    assert found.odd.tolist() == expected.odd.tolist()
    for row in np.flatnonzero(~found.odd).tolist():
        assert said(found, row) == said(expected, row)


def test_there_is_room_for_as_many_as_there_are() -> None:
    message = b"\x32\x0b\x0a\x09log_count" * 1000
    found = read_columns(Wire([message]), *places([message]), NAMES, MOST)
    assert len(found.attributes.at) == 1000
    assert not found.odd.any()


def test_places_that_lie_are_not_followed() -> None:
    library = needed()
    for start, end in ((0, 100), (-1, 2), (0, -1)):
        assert library.log_columns(b"\x1a\x00", np.array([start]), np.array([end]), NAMES, MOST) is None
