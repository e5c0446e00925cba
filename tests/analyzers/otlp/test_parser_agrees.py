"""What is read in columns is what the parser reads, whatever legal bytes come."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from analyzers.columns import LogBatch, id_bytes
from analyzers.native import without_native
from analyzers.otlp import DecodeLimits, LogDecoder, Received
from analyzers.otlp.body import body_text
from analyzers.otlp.resources import decode_resource
from analyzers.otlp.severities import MAX_SEVERITY, by_text
from tests.analyzers.telemetry import NOON, attribute, resource

LIMITS = DecodeLimits(body_chars=100)
# Of a field no version has, of each wire type there is.
UNKNOWN = (b"\x98\x06\x7f", b"\x9a\x06\x03abc", b"\x99\x0612345678", b"\x9d\x061234", b"\xa3\x06\xa4\x06", b"\x7a\x01x")

bodies = st.one_of(
    st.builds(AnyValue),
    st.builds(lambda text: AnyValue(string_value=text), st.text(max_size=140)),
    st.builds(lambda number: AnyValue(int_value=number), st.integers(-(2**63), 2**63 - 1)),
)
attributes = st.lists(
    st.sampled_from(
        [
            attribute("log_count", 5),
            attribute("log_count", -5),
            attribute("log_count", "many"),
            attribute("log_counts", 7),
            attribute("exception.type", "E"),
            attribute("exceptional", "no"),
            attribute("log.record.template", "user <*>"),
            attribute("", ""),
            attribute("k" * 200, "v" * 200),
        ]
    ),
    max_size=12,
)
records = st.builds(
    LogRecord,
    time_unix_nano=st.sampled_from([0, 1, NOON, NOON + 5, 2**63, 2**64 - 1]),
    observed_time_unix_nano=st.sampled_from([0, NOON - 7]),
    severity_number=st.sampled_from([0, 1, 9, 17, 24, 25, 1000, 2**31 - 1, -1, -(2**31)]),
    severity_text=st.sampled_from(["", "INFO", "Error", "finest", "no such", "w" * 300]),
    body=bodies,
    attributes=attributes,
    flags=st.sampled_from([0, 1, 2**32 - 1]),
    trace_id=st.sampled_from([b"", b"t" * 16, bytes(16), b"short", b"l" * 17]),
    span_id=st.sampled_from([b"", b"s" * 8, bytes(8), b"x", b"l" * 9]),
    event_name=st.sampled_from(["", "happened"]),
)
requests = st.lists(
    st.builds(
        ExportLogsServiceRequest,
        resource_logs=st.lists(
            st.builds(
                ResourceLogs,
                resource=st.sampled_from([resource("a"), resource("b", service_version="1"), resource("")]),
                scope_logs=st.lists(st.builds(ScopeLogs, log_records=st.lists(records, max_size=4)), max_size=2),
                schema_url=st.sampled_from(["", "https://example.com/schema"]),
            ),
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=3,
)


def expected(request: ExportLogsServiceRequest) -> list[tuple[object, ...]]:
    """Record by record."""
    rows: list[tuple[object, ...]] = []
    for group in request.resource_logs:
        name = next((item.value.string_value for item in group.resource.attributes), "") or "unknown_service"
        for record in (record for part in group.scope_logs for record in part.log_records):
            counts = [item.value.int_value for item in record.attributes if item.key == "log_count"]
            exceptions = [item.value.string_value for item in record.attributes if item.key == "exception.type"]
            severity = min(max(record.severity_number, 0), MAX_SEVERITY) or by_text(record.severity_text)
            own = record.time_unix_nano if NOON <= record.time_unix_nano < 2**63 else record.observed_time_unix_nano
            rows.append(
                (
                    name,
                    body_text(record.body, LIMITS.depth, LIMITS.body_chars)[: LIMITS.body_chars],
                    severity,
                    own or NOON + 9,
                    max(counts[0], 1) if counts else 1,
                    exceptions[-1] if exceptions else None,
                    record.trace_id if len(record.trace_id) == 16 and any(record.trace_id) else b"",
                    record.span_id if len(record.span_id) == 8 and any(record.span_id) else b"",
                )
            )
    return rows


def rows_of(batch: LogBatch) -> list[tuple[object, ...]]:
    return [
        (
            batch.resources[batch.resource[row]].service.name,
            batch.body[row].as_py(),
            int(batch.severity[row]),
            int(batch.time_unix_nano[row]),
            int(batch.weight[row]),
            batch.exception_type.get(row),
            id_bytes(*batch.trace_id[row].tolist()),
            id_bytes(int(batch.span_id[row])),
        )
        for row in range(len(batch))
    ]


def decode(bodies: Sequence[bytes]) -> LogBatch:
    """Both ways, which have to come to the same; without a native library that is twice the same."""
    received = [Received(body, NOON + 9) for body in bodies]
    batch = LogDecoder(LIMITS).decode(received)
    with without_native():
        other = LogDecoder(LIMITS).decode(received)
    assert rows_of(batch) == rows_of(other)
    assert batch.request.tolist() == other.request.tolist()
    assert batch.scope.tolist() == other.scope.tolist()
    assert (batch.template, batch.event, batch.faults) == (other.template, other.event, other.faults)
    assert (batch.truncated, batch.own, batch.scopes) == (other.truncated, other.own, other.scopes)
    return batch


@settings(deadline=None, max_examples=150)
@given(requests)
def test_columns_are_what_the_parser_says(sent: list[ExportLogsServiceRequest]) -> None:
    batch = decode([request.SerializeToString() for request in sent])
    found = [expected(request) for request in sent]
    assert rows_of(batch) == [row for rows in found for row in rows]
    assert batch.request.tolist() == [place for place, rows in enumerate(found) for _ in rows]


def varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def wrapped(tag: int, inner: bytes) -> bytes:
    return bytes([tag]) + varint(len(inner)) + inner


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(records, st.permutations(range(4)), st.lists(st.sampled_from(UNKNOWN), max_size=2)), max_size=5)
)
def test_fields_in_any_order_with_unknown_ones_between(
    sent: list[tuple[LogRecord, list[int], list[bytes]]],
) -> None:
    """A message's bytes cut between fields and put together in another order are the same message."""
    parts = b""
    for record, order, unknown in sent:
        pieces = [
            LogRecord(body=record.body).SerializeToString() if record.HasField("body") else b"",
            LogRecord(attributes=record.attributes).SerializeToString(),
            LogRecord(time_unix_nano=record.time_unix_nano, trace_id=record.trace_id).SerializeToString(),
            b"".join(unknown),
        ]
        parts += wrapped(0x12, b"".join(pieces[place] for place in order))
    body = wrapped(0x0A, wrapped(0x0A, resource("a").SerializeToString()) + wrapped(0x12, parts))
    assert rows_of(decode([body])) == expected(ExportLogsServiceRequest.FromString(body))


@pytest.mark.parametrize("unknown", UNKNOWN)
@pytest.mark.parametrize("level", [0, 1, 2])
def test_unknown_fields_at_every_level(level: int, unknown: bytes) -> None:
    inner = wrapped(0x12, LogRecord(body=AnyValue(string_value="here")).SerializeToString())
    scope = wrapped(0x12, inner + (unknown if level == 2 else b"") + inner)
    group = wrapped(0x0A, wrapped(0x0A, resource("a").SerializeToString()) + (unknown if level == 1 else b"") + scope)
    body = (unknown if level == 0 else b"") + group
    assert rows_of(decode([body])) == expected(ExportLogsServiceRequest.FromString(body))


def test_a_record_of_many_fields_keeps_nobody_waiting() -> None:
    many = LogRecord(attributes=[attribute("k", "v")] * 5000, body=AnyValue(string_value="many"))
    many.attributes.append(attribute("log_count", 3))
    few = LogRecord(body=AnyValue(string_value="few"))
    request = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[few, many, few])])]
    )
    batch = decode([request.SerializeToString()])
    assert batch.body.to_pylist() == ["few", "many", "few"]
    assert batch.weight.tolist() == [1, 3, 1]


def test_lengths_written_with_more_bytes_than_needed() -> None:
    record = LogRecord(body=AnyValue(string_value="padded")).SerializeToString()
    padded = b"\x12" + bytes([len(record) | 0x80, 0x80, 0x00]) + record
    longest = b"\x12" + bytes([len(record) | 0x80, 0x80, 0x80, 0x80, 0x00]) + record
    tagged = b"\x92\x00" + varint(len(record)) + record
    for part in (padded, longest, tagged):
        body = wrapped(0x0A, wrapped(0x12, part + part))
        assert [row[1] for row in rows_of(decode([body]))] == ["padded", "padded"]
        assert rows_of(decode([body])) == expected(ExportLogsServiceRequest.FromString(body))


@pytest.mark.parametrize("tag", [0x09, 0x10, 0x1A, 0x2A, 0x32, 0x4A, 0x52, 0x59, 0x62])
def test_tags_written_with_more_bytes_than_needed(tag: int) -> None:
    value = {1: NOON.to_bytes(8, "little"), 0: b"\x09"}.get(tag & 7, b"\x06\x0a\x04text")
    record = LogRecord(body=AnyValue(string_value="before")).SerializeToString() + bytes([tag | 0x80, 0]) + value
    body = wrapped(0x0A, wrapped(0x12, wrapped(0x12, record)))
    assert rows_of(decode([body])) == expected(ExportLogsServiceRequest.FromString(body))


def test_a_resource_said_in_pieces_is_one() -> None:
    pieces = [resource("a"), resource("", service_version="1"), resource("b")]
    scope = wrapped(0x12, wrapped(0x12, LogRecord(body=AnyValue(string_value="here")).SerializeToString()))
    body = wrapped(0x0A, b"".join(wrapped(0x0A, item.SerializeToString()) for item in pieces) + scope + scope)
    batch = decode([body])
    parsed = ExportLogsServiceRequest.FromString(body)
    assert batch.resources == [decode_resource(parsed.resource_logs[0].resource)]
    assert len(batch) == 2


def test_nothing_at_all() -> None:
    assert len(decode([])) == len(decode([b""])) == len(decode([b"", b""])) == 0
    assert np.array_equal(decode([b""]).own, decode([]).own)
