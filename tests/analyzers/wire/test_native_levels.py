"""Levels above records found natively are those found one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.native import without_native
from analyzers.wire import Outline, StrangeWireError, Wire, outline
from tests.analyzers.native.needed import if_built
from tests.analyzers.otlp.test_parser_agrees import wrapped
from tests.fuzz.corpus_files import inputs
from tests.fuzz.messages import LOGS, TRACES, bent

pytestmark = if_built

LOOSE = st.sampled_from([b"", b"\x1a\x01x", b"\x98\x06\x7f", b"\x9d\x061234", b"\x99\x0612345678", b"\x0d1234"])
STRANGE = st.sampled_from([b"\xa3\x06\xa4\x06", b"\x92\x00\x00", b"\x0a\xff", b"\x0a\x7f", b"\x12\x7f"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    def level(inner: st.SearchStrategy[bytes], other: bytes) -> bytes:
        said = st.one_of(inner.map(lambda item: wrapped(0x12, item)), st.just(wrapped(0x0A, other)), LOOSE)
        return b"".join(draw(st.lists(said, max_size=4)))

    scopes = st.builds(lambda: level(st.binary(max_size=4), b"\x0a\x01s"))
    groups = [wrapped(0x0A, level(scopes, b"\x0a\x02\x0a\x00")) for _ in range(draw(st.integers(0, 3)))]
    return b"".join([*groups, draw(LOOSE)])


def said(found: Outline, wire: Wire) -> tuple[object, ...]:
    start, end = found.records(wire)
    levels = (found.resources, found.scopes, found.groups, found.parts, found.counts)
    return levels, start.tolist(), end.tolist(), found.group.tolist()


def both(body: bytes) -> tuple[object, object]:
    wire = Wire([body])
    found = said(outline(wire), wire)
    with without_native():
        return found, said(outline(wire), wire)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        requests(), LOGS.map(lambda item: item.SerializeToString()), TRACES.map(lambda item: item.SerializeToString())
    )
)
def test_levels_are_found_where_they_are(body: bytes) -> None:
    found, expected = both(body)
    assert found == expected


@settings(max_examples=150, deadline=None)
@given(st.one_of(bent(requests()), st.builds(bytes.__add__, requests(), STRANGE), st.binary(max_size=60)))
def test_bytes_that_nobody_writes_are_strange_or_the_same(body: bytes) -> None:
    try:
        found, expected = both(body)
    except (StrangeWireError, IndexError):
        return
    assert found == expected


def test_what_was_found_before() -> None:
    for path in inputs():
        if path.parent.name in ("logs", "traces"):
            try:
                found, expected = both(path.read_bytes())
            except (StrangeWireError, IndexError):
                continue
            assert found == expected, path.name


def test_there_is_room_for_as_many_as_there_are() -> None:
    parts = b"\x12\x00" * 5000
    records = wrapped(0x12, b"\x12\x00" * 50_000)
    found, expected = both(wrapped(0x0A, parts + records) + b"\x0a\x00" * 5000)
    assert found == expected
