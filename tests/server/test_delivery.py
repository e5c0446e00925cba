"""What a door takes and what it refuses is for the parser to say, whoever looks first."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, EntityRef, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from analyzers.native import without_native
from server.delivery import Delivery, read_delivery
from server.errors import InvalidInputError
from server.journal import FrameKind
from tests.analyzers.native.needed import if_built, needed
from tests.analyzers.otlp.test_parser_agrees import UNKNOWN, wrapped
from tests.analyzers.telemetry import attribute
from tests.fuzz.corpus_files import inputs
from tests.fuzz.messages import LOGS, bent

pytestmark = if_built

SENT = LOGS.map(lambda item: item.SerializeToString())
# Field by field, right ones and wrong ones, to be put into messages of every kind.
PIECES = st.sampled_from(
    [
        *(
            b"\x0a\x00",
            b"\x0a\x01a",
            b"\x0a\x01\xff",
            b"\x0a\x02\xc3\xa9",
            b"\x0a\x03\xed\xa0\x80",
            b"\x0a\x02\xc0\x80",
        ),
        *(
            b"\x0a\x0cservice.name",
            b"\x0a\x09log_count",
            b"\x12\x03\x0a\x01x",
            b"\x12\x02\x18\x05",
            b"\x12\x00",
            b"\x1a\x01\xfe",
        ),
        *(
            b"\x10\x01",
            b"\x18" + b"\xff" * 9 + b"\x01",
            b"\x18" + b"\xff" * 9 + b"\x02",
            b"\x18" + b"\xff" * 10 + b"\x01",
        ),
        *(
            b"\x0912345678",
            b"\x091234",
            b"\x21" + bytes(8),
            b"\x4512345",
            b"\x4a\x02\xff\xff",
            b"\x3a\x01\xff",
            b"\x2a\x00",
            b"\x32\x00",
        ),
        *(
            b"\x00",
            b"\x03\x04",
            b"\x0b\x0c",
            b"\x0b",
            b"\x0c",
            b"\x07",
            b"\x62\x01\xff",
            b"\x5912345678",
            b"\x40\x01",
            b"\x20\x01",
        ),
        *(
            b"\x0a\x81\x00a",
            b"\x8a\x00\x01a",
            b"\x0a\xff\xff\xff\xff\x0f",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            *UNKNOWN,
        ),
    ]
)


@st.composite
def pieced(draw: st.DrawFn) -> bytes:
    """A request of which one message, somewhere, is made of pieces."""
    body = b"".join(draw(st.lists(PIECES, max_size=4)))
    for tag in draw(
        st.sampled_from(
            [
                *((), (0x0A,), (0x0A, 0x0A), (0x12, 0x0A), (0x0A, 0x12, 0x0A), (0x12, 0x12, 0x0A), (0x1A, 0x0A, 0x0A)),
                *(
                    (0x2A, 0x12, 0x12, 0x0A),
                    (0x32, 0x12, 0x12, 0x0A),
                    (0x12, 0x32, 0x12, 0x12, 0x0A),
                    (0x0A, 0x0A, 0x0A),
                ),
                *((0x12, 0x0A, 0x0A, 0x0A), (0x0A, 0x2A, 0x2A, 0x12, 0x12, 0x0A), (0x0A, 0x32, 0x2A, 0x12, 0x12, 0x0A)),
            ]
        )
    ):
        body = wrapped(tag, body)
    return draw(SENT) * draw(st.booleans()) + body


def read(body: bytes) -> Delivery | str:
    try:
        return read_delivery(FrameKind.LOGS, body, 7)
    except InvalidInputError as error:
        return str(error)


def both(body: bytes) -> tuple[Delivery | str, Delivery | str]:
    found = read(body)
    with without_native():
        return found, read(body)


@settings(max_examples=200, deadline=None)
@given(st.one_of(pieced(), SENT, bent(SENT), st.binary(max_size=60)))
@example(b"")
@example(b"\x0a\x00")
def test_the_parser_says_the_same(body: bytes) -> None:
    found, expected = both(body)
    assert found == expected


def test_what_was_found_before() -> None:
    for path in inputs():
        found, expected = both(path.read_bytes())
        assert found == expected, path


@pytest.mark.parametrize("deep", [1, 23, 24, 25, 26, 31, 32, 33, 47, 48, 49, 2000])
@pytest.mark.parametrize("tag", ["array", "map"])
def test_values_within_each_other(deep: int, tag: str) -> None:
    value = b""
    for _ in range(deep):
        value = (
            wrapped(0x2A, wrapped(0x0A, value))
            if tag == "array"
            else wrapped(0x32, wrapped(0x0A, wrapped(0x12, value)))
        )
    record = wrapped(0x12, wrapped(0x2A, value)) + wrapped(0x12, wrapped(0x32, wrapped(0x12, value)))
    found, expected = both(wrapped(0x0A, wrapped(0x12, record)))
    assert found == expected


def test_a_request_as_it_is_written_needs_no_parser() -> None:
    """Else nothing would be gained, and nobody would see."""
    library = needed()
    values = [
        AnyValue(),
        AnyValue(string_value="é"),
        AnyValue(int_value=-1),
        AnyValue(bool_value=True),
        AnyValue(double_value=0.5),
        AnyValue(bytes_value=b"\xff"),
        AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a"), AnyValue()])),
        AnyValue(kvlist_value=KeyValueList(values=[attribute("a", 1)])),
    ]
    record = LogRecord(
        time_unix_nano=1,
        observed_time_unix_nano=2,
        severity_number=-1,  # type: ignore[arg-type]
        severity_text="INFO",
        attributes=[KeyValue(key="k", value=value) for value in values],
        dropped_attributes_count=2**32 - 1,
        flags=1,
        trace_id=b"\xff" * 16,
        span_id=b"\xff" * 8,
        event_name="happened",
    )
    entities = [EntityRef(schema_url="u", type="t", id_keys=["i"], description_keys=["d"])]
    part = ScopeLogs(log_records=[LogRecord(body=value) for value in values] + [record], schema_url="s")
    part.scope.name, part.scope.version, part.scope.dropped_attributes_count = "n", "v", 3
    part.scope.attributes.append(attribute("a", "b"))
    resource = Resource(attributes=[attribute("service.name", "a")], dropped_attributes_count=1, entity_refs=entities)
    group = ResourceLogs(resource=resource, scope_logs=[part], schema_url="s")
    body = ExportLogsServiceRequest(resource_logs=[group]).SerializeToString()
    assert library.check_logs(body) == (9, False)
    assert library.check_logs(body + b"\x0a\x00") == (9, True)


@pytest.mark.parametrize(("said", "weight"), [(5, 5), (0, 1), (-3, 1), ("many", 1), (2**31, 2**31), (2**40, 2**31)])
def test_records_that_stand_for_several(said: int | str, weight: int) -> None:
    library = needed()
    records = [LogRecord(attributes=[attribute("log_count", said), attribute("log_count", 77)]), LogRecord()]
    body = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])]
    ).SerializeToString()
    assert library.check_logs(body) == (weight + 1, True)
    found, expected = both(body)
    assert found == expected
