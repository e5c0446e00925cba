"""OTLP/JSON, which is not protobuf's own JSON."""

import json
import math
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from server.errors import InvalidInputError
from server.otlp import otlp_json

TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN_ID = bytes.fromhex("eee19b7ec3c1b174")


def read_record(**fields: object) -> LogRecord:
    """One log record of those fields, through a whole request."""
    request = ExportLogsServiceRequest()
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [fields]}]}]}
    otlp_json.parse(json.dumps(document).encode(), request)
    return request.resource_logs[0].scope_logs[0].log_records[0]


def read_span(**fields: object) -> Span:
    request = ExportTraceServiceRequest()
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    otlp_json.parse(json.dumps(document).encode(), request)
    return request.resource_spans[0].scope_spans[0].spans[0]


def refused(**fields: object) -> tuple[str, str]:
    """Path below the record, and what is said."""
    with pytest.raises(InvalidInputError) as raised:
        read_record(**fields)
    (violation,) = raised.value.violations
    return violation.field.removeprefix("resourceLogs.0.scopeLogs.0.logRecords.0."), violation.description


def test_the_log_record_of_the_specification() -> None:
    record = read_record(
        timeUnixNano="1544712660300000000",
        observedTimeUnixNano="1544712660300000000",
        severityNumber=10,
        severityText="Information",
        traceId="5B8EFFF798038103D269B633813FC60C",
        spanId="EEE19B7EC3C1B174",
        body={"stringValue": "Example log record"},
        attributes=[
            {"key": "string", "value": {"stringValue": "some string"}},
            {"key": "boolean", "value": {"boolValue": True}},
            {"key": "int", "value": {"intValue": "10"}},
            {"key": "double", "value": {"doubleValue": 637.704}},
            {"key": "array", "value": {"arrayValue": {"values": [{"stringValue": "many"}, {"intValue": -1}, {}]}}},
            {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "AP8="}}]}}},
            {"key": "empty", "value": {}},
            {"key": "none"},
        ],
        droppedAttributesCount=3,
        flags=1,
        eventName="started",
    )
    items = [AnyValue(string_value="many"), AnyValue(int_value=-1), AnyValue()]
    pairs = [KeyValue(key="k", value=AnyValue(bytes_value=b"\x00\xff"))]
    assert record == LogRecord(
        time_unix_nano=1544712660300000000,
        observed_time_unix_nano=1544712660300000000,
        severity_number=10,  # type: ignore[arg-type]
        severity_text="Information",
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        body=AnyValue(string_value="Example log record"),
        attributes=[
            KeyValue(key="string", value=AnyValue(string_value="some string")),
            KeyValue(key="boolean", value=AnyValue(bool_value=True)),
            KeyValue(key="int", value=AnyValue(int_value=10)),
            KeyValue(key="double", value=AnyValue(double_value=637.704)),
            KeyValue(key="array", value=AnyValue(array_value=ArrayValue(values=items))),
            KeyValue(key="map", value=AnyValue(kvlist_value=KeyValueList(values=pairs))),
            KeyValue(key="empty", value=AnyValue()),
            KeyValue(key="none"),
        ],
        dropped_attributes_count=3,
        flags=1,
        event_name="started",
    )


def test_the_span_of_the_specification() -> None:
    span = read_span(
        traceId=TRACE_ID.hex().upper(),
        spanId=SPAN_ID.hex(),
        parentSpanId="EEE19B7EC3C1B173",
        name="I'm a server span",
        startTimeUnixNano=1544712660000000000,
        endTimeUnixNano="1544712661000000000",
        kind=2,
        status={"code": 2, "message": "no"},
        links=[{"traceId": TRACE_ID.hex(), "spanId": SPAN_ID.hex().upper(), "traceState": "a=b"}],
        events=[{"timeUnixNano": "1", "name": "exception"}],
    )
    assert span == Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_span_id=bytes.fromhex("eee19b7ec3c1b173"),
        name="I'm a server span",
        start_time_unix_nano=1544712660000000000,
        end_time_unix_nano=1544712661000000000,
        kind=Span.SPAN_KIND_SERVER,
        status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
        links=[Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID, trace_state="a=b")],
        events=[Span.Event(time_unix_nano=1, name="exception")],
    )


def test_an_attribute_that_is_called_like_an_id_is_no_id() -> None:
    record = read_record(attributes=[{"key": "traceId", "value": {"stringValue": "not hex"}}])
    assert record.attributes[0].value.string_value == "not hex"


@pytest.mark.parametrize("name", ["traceId", "spanId"])
@pytest.mark.parametrize("value", ["W47/95gDgQPSabYzgT/GDA==", "zz" * 16, "5b8", "5b 8e", "０１", 7, None, "", ["5b"]])
def test_what_is_not_hex_is_no_id(name: str, value: object) -> None:
    if value is None or value == "":
        assert read_record(**{name: value}) == LogRecord()
    else:
        assert "hex" in refused(**{name: value})[1]


def test_what_is_not_known_is_ignored() -> None:
    """In the shapes of later versions, and in those that only protobuf's JSON knows."""
    assert read_record(later={"deep": [1, {"a": None}]}, traceid="x", flags=None) == LogRecord()
    assert read_record(trace_id="no hex", severity_number="SEVERITY_NUMBER_INFO", time_unix_nano=[]) == LogRecord()
    assert read_record(body={"laterValue": 1}) == LogRecord(body=AnyValue())


@pytest.mark.parametrize(
    ("value", "stands_for"),
    [
        ("18446744073709551615", 2**64 - 1),
        (18446744073709551615, 2**64 - 1),
        (1.5e18, 15 * 10**17),
        ("0", 0),
        (0, 0),
    ],
)
def test_integers_of_64_bits_come_as_numbers_or_strings(value: object, stands_for: int) -> None:
    assert read_record(timeUnixNano=value).time_unix_nano == stands_for


@pytest.mark.parametrize(
    "value", [-1, 2**64, "-1", "1.0", "0x1", " 1", "1_0", "１", "", 1.5, True, [], {}, "9" * 40, 1e30]
)
def test_what_is_no_such_integer_is_refused_by_its_path(value: object) -> None:
    path, said = refused(timeUnixNano=value)
    assert path == "timeUnixNano"
    assert said
    assert len(said) < 200


def test_enums_are_numbers() -> None:
    assert read_record(severityNumber=17).severity_number == 17
    assert read_record(severityNumber=99).severity_number == 99
    path, said = refused(severityNumber="SEVERITY_NUMBER_INFO")
    assert path == "severityNumber"
    assert "number" in said
    assert refused(severityNumber=2**40)[0] == "severityNumber"


@pytest.mark.parametrize(
    ("value", "stands_for"),
    [(1, 1.0), ("1.5", 1.5), ("Infinity", math.inf), ("-Infinity", -math.inf), (10**400, math.inf)],
)
def test_doubles(value: object, stands_for: float) -> None:
    assert read_record(body={"doubleValue": value}).body.double_value == stands_for


def test_not_a_number_is_one() -> None:
    assert math.isnan(read_record(body={"doubleValue": "NaN"}).body.double_value)
    assert refused(body={"doubleValue": "one"})[0] == "body.doubleValue"


@pytest.mark.parametrize("body", [b"NaN", b'{"resourceLogs": NaN}', b"{'a': 1}", b"\xff", b"", b"{} {}", b"\x00"])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as raised:
        otlp_json.parse(body, ExportLogsServiceRequest())
    assert raised.value.violations[0].field == "body"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"body": "text"}, "body"),
        ({"body": {"stringValue": 1}}, "body.stringValue"),
        ({"body": {"boolValue": "true"}}, "body.boolValue"),
        ({"body": {"bytesValue": "?"}}, "body.bytesValue"),
        ({"attributes": {"a": "b"}}, "attributes"),
        ({"attributes": [{"key": "a"}, {"key": 2}]}, "attributes.1.key"),
        ({"attributes": [{"value": {"arrayValue": {"values": [{}, 3]}}}]}, "attributes.0.value.arrayValue.values.1"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_its_path(fields: dict[str, Any], path: str) -> None:
    assert refused(**fields)[0] == path


@pytest.mark.parametrize("text", ["-_8=", "-_8", "+/8=", "+/8"])
def test_bytes_are_base64_of_either_alphabet(text: str) -> None:
    assert read_record(body={"bytesValue": text}).body.bytes_value == b"\xfb\xff"


def test_half_an_emoji_does_not_cost_the_batch() -> None:
    request = ExportLogsServiceRequest()
    body = rb'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"cut \ud83d"}}]}]}]}'
    otlp_json.parse(body, request)
    assert request.resource_logs[0].scope_logs[0].log_records[0].body.string_value == "cut \ufffd"


def test_what_lies_deeper_than_protobuf_reads_is_left_empty() -> None:
    """One deep value costs its own depths, not the batch; what is accepted can be read from its bytes again."""

    def kept(depth: int) -> int:
        value = '{"arrayValue":{"values":[' * depth + '{"intValue":1}' + "]}}" * depth
        document = f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}'
        request = ExportLogsServiceRequest()
        otlp_json.parse(document.encode(), request)
        assert ExportLogsServiceRequest.FromString(request.SerializeToString()) == request
        body, found = request.resource_logs[0].scope_logs[0].log_records[0].body, 0
        while body.array_value.values:
            (body,) = body.array_value.values
            found += 1
        return found

    assert [kept(depth) for depth in (1, 40, 48, 49, 64, 100)] == [1, 40, 48, 48, 48, 48]


def test_half_a_surrogate_pair_in_a_list_is_mended_too() -> None:
    request = ExportLogsServiceRequest()
    otlp_json.parse(b'{"resourceLogs":[{"resource":{"entityRefs":[{"idKeys":["a","cut \\ud83d"]}]}}]}', request)
    assert list(request.resource_logs[0].resource.entity_refs[0].id_keys) == ["a", "cut \ufffd"]


@pytest.mark.parametrize("bomb", [b"[" * 10**6, b'{"a":' * 10**6, b'{"resourceLogs":[' * 10**5])
def test_bottomless_json_is_refused(bomb: bytes) -> None:
    with pytest.raises(InvalidInputError):
        otlp_json.parse(bomb, ExportLogsServiceRequest())


any_values = st.recursive(
    st.one_of(
        st.builds(AnyValue),
        st.builds(AnyValue, string_value=st.text(st.characters(exclude_categories=["Cs"]))),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats(allow_nan=False)),
        st.builds(AnyValue, bytes_value=st.binary()),
    ),
    lambda inner: st.one_of(
        st.lists(inner).map(lambda values: AnyValue(array_value=ArrayValue(values=values))),
        st.lists(inner).map(
            lambda values: AnyValue(
                kvlist_value=KeyValueList(values=[KeyValue(key=str(at), value=v) for at, v in enumerate(values)])
            )
        ),
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=60)
@given(
    any_values,
    st.integers(0, 2**64 - 1),
    st.integers(0, 24),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
)
def test_every_record_comes_back_as_it_was(
    body: AnyValue, nanos: int, severity: int, trace_id: bytes, span_id: bytes
) -> None:
    record = LogRecord(
        time_unix_nano=nanos,
        severity_number=severity,  # type: ignore[arg-type]
        body=body,
        attributes=[KeyValue(key="a", value=body)],
    )
    written = json_format.MessageToDict(record, use_integers_for_enums=True)
    read = read_record(**written, traceId=trace_id.hex(), spanId=span_id.hex().upper())
    record.trace_id, record.span_id = trace_id, span_id
    assert read == record


# Every key that these messages know.
_KEYS = sorted(
    field.json_name
    for message in (ExportLogsServiceRequest, ResourceLogs, ScopeLogs, LogRecord, AnyValue, ArrayValue, KeyValue)
    for field in message.DESCRIPTOR.fields
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=10,
)


def read_or_refused(body: bytes) -> None:
    """Nothing else may be raised, and what is read can be handed on."""
    request = ExportLogsServiceRequest()
    try:
        otlp_json.parse(body, request)
    except InvalidInputError:
        return
    assert ExportLogsServiceRequest.FromString(request.SerializeToString()).ByteSize() == request.ByteSize()


@settings(deadline=None, max_examples=100)
@given(json_values)
def test_whatever_comes_is_read_or_refused(document: object) -> None:
    read_or_refused(json.dumps({"resourceLogs": document}).encode("utf-8", "surrogatepass"))
    read_or_refused(json.dumps(document).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.binary())
def test_bytes_of_any_kind_are_read_or_refused(body: bytes) -> None:
    read_or_refused(body)
