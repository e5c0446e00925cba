"""Hypothesis strategies: requests that are valid and odd, JSON that looks like a request, and bytes that were bent."""

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

NOW = 1_795_170_000_000_000_000
_KEYS = st.sampled_from(
    [
        "service.name",
        "service.namespace",
        "service.version",
        "deployment.environment.name",
        "k8s.pod.name",
        "hypocenter.self",
        "log_count",
        "log.record.template",
        "exception.type",
        "peer.service",
        "server.address",
        "messaging.destination.name",
        "",
    ]
) | st.text(max_size=5)
_INTEGERS = st.sampled_from([0, 1, -1, 500, 2**31, 2**32, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)
_TEXT = st.sampled_from(["", "true", "<*>", "\x00", "a" * 40, "é中\U0001f600", "<other>", "127.0.0.1"]) | st.text(
    max_size=30
)
_SCALARS = st.one_of(
    _TEXT.map(lambda item: AnyValue(string_value=item)),
    st.booleans().map(lambda item: AnyValue(bool_value=item)),
    _INTEGERS.map(lambda item: AnyValue(int_value=item)),
    st.floats().map(lambda item: AnyValue(double_value=item)),
    st.binary(max_size=9).map(lambda item: AnyValue(bytes_value=item)),
    st.just(AnyValue()),
)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: AnyValue(array_value=ArrayValue(values=items))),
        st.lists(st.builds(KeyValue, key=_KEYS, value=inner), max_size=3).map(
            lambda items: AnyValue(kvlist_value=KeyValueList(values=items))
        ),
    ),
    max_leaves=6,
)
_ATTRIBUTES = st.lists(st.builds(KeyValue, key=_KEYS, value=VALUES), max_size=3)
_TIMES = st.sampled_from([0, 1, 946_684_800 * 10**9, NOW, NOW - 10**12, NOW + 10**12, 2**63 - 1, 2**63, 2**64 - 1])
_TRACE_IDS = st.sampled_from([b"", bytes(16), bytes(range(1, 17)), b"\xff" * 16, b"short", b"l" * 40])
_SPAN_IDS = st.sampled_from([b"", bytes(8), bytes(range(1, 9)), bytes(range(2, 10)), b"x", b"l" * 40])
_ENUMS = st.sampled_from([0, 1, 2, 3, 9, 17, 24, 25, -1, 2**31 - 1, -(2**31)])
_RESOURCES = st.builds(Resource, attributes=_ATTRIBUTES)
_SCOPES = st.builds(InstrumentationScope, name=_TEXT, attributes=_ATTRIBUTES)

LOGS = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=_RESOURCES,
            scope_logs=st.lists(
                st.builds(
                    ScopeLogs,
                    scope=_SCOPES,
                    log_records=st.lists(
                        st.builds(
                            LogRecord,
                            time_unix_nano=_TIMES,
                            observed_time_unix_nano=_TIMES,
                            severity_number=_ENUMS,
                            severity_text=_TEXT,
                            body=VALUES,
                            attributes=_ATTRIBUTES,
                            trace_id=_TRACE_IDS,
                            span_id=_SPAN_IDS,
                        ),
                        max_size=3,
                    ),
                ),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
)
TRACES = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=_RESOURCES,
            scope_spans=st.lists(
                st.builds(
                    ScopeSpans,
                    scope=_SCOPES,
                    spans=st.lists(
                        st.builds(
                            Span,
                            trace_id=_TRACE_IDS,
                            span_id=_SPAN_IDS,
                            parent_span_id=_SPAN_IDS,
                            name=_TEXT,
                            kind=_ENUMS,
                            start_time_unix_nano=_TIMES,
                            end_time_unix_nano=_TIMES,
                            attributes=_ATTRIBUTES,
                            status=st.builds(Status, code=_ENUMS, message=_TEXT),
                            trace_state=_TEXT,
                        ),
                        max_size=4,
                    ),
                ),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
)


@st.composite
def bent(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few places changed, cut out or put in."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[at : at + draw(st.integers(1, 20))]
            case 2:
                data[at:at] = draw(st.binary(max_size=10))
            case _:
                del data[at:]
    return bytes(data)


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, "NaN", "Infinity", "1e400", "9" * 21]),
    st.sampled_from(["SEVERITY_NUMBER_INFO", "5b8e", "5b8efff798038103d269b633813fc60c", "\ud83d", "AP8=", ""]),
    st.floats(),
    st.text(max_size=9),
    st.just([]),
    st.just({}),
)


@st.composite
def hostile_json(draw: st.DrawFn, request: st.SearchStrategy[Any]) -> bytes:
    """A request as JSON, some of its values replaced by odd ones, wrapped deeply or written twice."""
    tree: Any = MessageToDict(draw(request))
    for _ in range(draw(st.integers(0, 4))):
        _spoil(draw, tree)
    text = json.dumps(tree, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = text.replace('"key":', '"key": "first", "key":')
    return text.encode("utf-8", "surrogatepass")


def _spoil(draw: st.DrawFn, tree: Any) -> None:
    while isinstance(tree, dict | list) and tree:
        key = draw(st.sampled_from(sorted(tree) if isinstance(tree, dict) else range(len(tree))))
        if not isinstance(tree[key], dict | list) or draw(st.integers(0, 4)) == 0:
            tree[key] = _wrapped(draw(_ODD), draw(st.sampled_from([0, 0, 0, 1, 60, 300])))
            return
        tree = tree[key]


def _wrapped(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    return value
