"""Messages walked natively are those walked side by side, whatever bytes they are made of."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.columns import Int64
from analyzers.wire import FIXED64, LENGTH, VARINT, Walk, Wire, tag_of, walk
from analyzers.wire.side_by_side import walk_side_by_side
from tests.analyzers.native.needed import if_built, needed

pytestmark = if_built

SINGLE = (tag_of(1, FIXED64), tag_of(2, VARINT), tag_of(3, LENGTH), tag_of(5, LENGTH))
REPEATED = (tag_of(6, LENGTH), tag_of(15, LENGTH))
# Known fields, unknown ones, wrong types, groups, ends that are not there, numbers and tags longer than need be.
FIELDS = st.sampled_from(
    [
        *(b"\x0912345678", b"\x10\x07", b"\x10\xff\x7f", b"\x10" + b"\xff" * 9 + b"\x01", b"\x10\x87\x80\x80\x00"),
        *(
            b"\x10\x87\x80\x80\x80\x00",
            b"\x1a\x00",
            b"\x1a\x03abc",
            b"\x1a\x83\x00abc",
            b"\x2a\x02\x0a\x00",
            b"\x32\x00",
        ),
        *(
            b"\x32\x0d\x0a\x09log_count\x12\x00",
            b"\x32\x05\x0a\x03abc",
            b"\x7a\x01x",
            b"\x08\x01",
            b"\x1d1234",
            b"\x33\x34",
        ),
        *(
            b"\x98\x06\x7f",
            b"\x9a\x06\x03abc",
            b"\xa3\x06\xa4\x06",
            b"\x9a\x80\x01\x01z",
            b"\x9a\x00\x02no",
            b"\x00",
            b"\x02\x00",
        ),
        *(b"\x06", b"\x1a", b"\x1a\x7f", b"\x1a\xff", b"\x09123", b"\x9a", b"\x3a" + b"\x80" * 10, b"\x07\x07"),
    ]
)
MESSAGES = st.lists(
    st.one_of(st.lists(FIELDS, max_size=12).map(b"".join), st.binary(max_size=30)), min_size=0, max_size=6
)


def places(messages: Sequence[bytes]) -> tuple[Int64, Int64]:
    ends = np.cumsum([len(message) for message in messages], dtype=np.int64)
    return np.r_[0, ends[:-1]][: len(messages)].astype(np.int64), ends


def rows_of(found: Walk, row: int) -> tuple[object, ...]:
    """What is said of one message."""
    single = [
        (tag, int(field.at[row]), int(field.size[row]) if tag & 7 != FIXED64 else 0)
        for tag, field in found.single.items()
        if field.at[row] >= 0
    ]
    repeated = [
        (tag, sorted(zip(more.at[more.row == row].tolist(), more.size[more.row == row].tolist(), strict=True)))
        for tag, more in found.repeated.items()
    ]
    return single, repeated


@settings(max_examples=200, deadline=None)
@given(MESSAGES)
def test_fields_are_found_where_they_are(messages: list[bytes]) -> None:
    wire, (start, end) = Wire(messages), places(messages)
    found = walk(wire, start, end, SINGLE, REPEATED)
    expected = walk_side_by_side(wire, start, end, SINGLE, REPEATED)
    assert found.odd.tolist() == expected.odd.tolist()
    for row in np.flatnonzero(~found.odd).tolist():
        assert rows_of(found, row) == rows_of(expected, row)


def test_repeated_fields_are_told_in_the_order_sent() -> None:
    messages = [b"\x32\x03abc\x7a\x01x\x32\x01z", b"", b"\x7a\x00"]
    found = walk(Wire(messages), *places(messages), SINGLE, REPEATED)
    attributes, statuses = (found.repeated[tag] for tag in REPEATED)
    assert attributes.row.tolist() == [0, 0]
    assert attributes.size.tolist() == [3, 1]
    assert statuses.row.tolist() == [0, 2]


def test_names_that_are_not_asked_for_are_left_out() -> None:
    wanted, other = b"\x0a\x09log_count\x12\x00", b"\x0a\x09log_iwhat\x12\x00"
    backwards = b"\x12\x00\x0a\x09log_count"
    message = b"".join(b"\x32" + bytes([len(item)]) + item for item in (other, wanted, other, backwards))
    names = {REPEATED[0]: [int.from_bytes(b"log_coun", "little")]}
    found = walk(Wire([message]), *places([message]), SINGLE, REPEATED, names)
    assert [message[at : at + 13] for at in found.repeated[REPEATED[0]].at.tolist()] == [wanted, backwards]


def test_there_is_room_for_as_many_as_there_are() -> None:
    message = b"\x32\x00" * 100_000
    found = walk(Wire([message]), *places([message]), SINGLE, REPEATED)
    assert len(found.repeated[REPEATED[0]].at) == 100_000
    assert not found.odd.any()


def test_places_that_lie_are_not_followed() -> None:
    library = needed()
    for start, end in ((0, 100), (-1, 2), (0, -1)):
        assert library.walk(b"\x1a\x00", np.array([start]), np.array([end]), SINGLE, {}) is None
    beyond = library.walk(b"\x1a\x00", np.array([9]), np.array([2]), SINGLE, {})
    assert beyond is not None
    assert not (beyond.at >= 0).any()
