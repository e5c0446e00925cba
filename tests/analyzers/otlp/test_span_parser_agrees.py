"""What is read of spans in columns is what the parser reads, whatever legal bytes come."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from analyzers.columns import SpanBatch, id_bytes
from analyzers.otlp import DecodeLimits, Received, SpanDecoder
from tests.analyzers.telemetry import CLIENT, CONSUMER, NOON, PRODUCER, attribute, resource

# Of a field no version has, of each wire type there is; known fields of another wire type, which makes them unknown.
UNKNOWN = (
    *(b"\x98\x06\x7f", b"\x9a\x06\x03abc", b"\x99\x0612345678", b"\x9d\x061234", b"\xa3\x06\xa4\x06"),
    *(b"\x28\xff\xff\xff\x7f", b"\x78\xff\xff\xff\x7f", b"\x38\x05", b"\x32\x01x", b"\x09" + b"i" * 8),
)
# As the analyzers have them; of peers the first counts that says something.
KEYS = (
    *("service.peer.name", "peer.service", "messaging.destination.name", "messaging.destination", "server.address"),
    *("net.peer.name", "http.host", "rpc.service", "db.system.name", "db.system", "network.peer.address"),
    *("net.sock.peer.addr", "net.peer.ip", "url.full", "http.url"),
)
attributes = st.lists(
    st.builds(
        attribute,
        st.sampled_from([*KEYS, "messaging.message.id", "server.port", "db.syste", "db.system.nam", "", "k" * 200]),
        st.sampled_from(["ledger", "orders", "localhost", "", "::1", "n" * 300, 7, "http://ledger:80/entries"]),
    ),
    max_size=10,
)
spans = st.builds(
    Span,
    trace_id=st.sampled_from([b"", b"t" * 16, bytes(16), b"short", b"l" * 17]),
    span_id=st.sampled_from([b"", b"s" * 8, bytes(8), b"x", b"l" * 9]),
    parent_span_id=st.sampled_from([b"", b"p" * 8, bytes(8), b"y"]),
    trace_state=st.sampled_from(["", "a=b"]),
    name=st.one_of(
        st.sampled_from(["", "pay", "n" * 300, "é" * 254 + "xyz", "GET /a/12", "GET /a/7/8?b=/9", "/a/31"]),
        st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=20),
    ),
    kind=st.sampled_from([0, 1, 2, 3, 3, 3, 4, 4, 5, 6, 2**31 - 1, -1]),
    start_time_unix_nano=st.sampled_from([0, 1, NOON - 9, NOON - 3, 2**64 - 1]),
    end_time_unix_nano=st.sampled_from([NOON - 5, NOON - 1]),
    attributes=attributes,
    events=st.lists(st.builds(Span.Event, name=st.sampled_from(["", "exception"])), max_size=3),
    flags=st.sampled_from([0, 1, 2**32 - 1]),
    status=st.sampled_from(
        [None, Status(), Status(code=Status.STATUS_CODE_OK), Status(code=Status.STATUS_CODE_ERROR, message="no")]
    ),
)
strange = st.lists(st.sampled_from(UNKNOWN), max_size=2)
requests = st.lists(
    st.builds(
        ExportTraceServiceRequest,
        resource_spans=st.lists(
            st.builds(
                ResourceSpans,
                resource=st.sampled_from([resource("a"), resource("b", service_namespace="shop"), resource("")]),
                scope_spans=st.lists(st.builds(ScopeSpans, spans=st.lists(spans, max_size=4)), max_size=2),
            ),
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=3,
)


NAMING = (CLIENT, PRODUCER, CONSUMER)


def peer_of(span: Span, namespace: str) -> tuple[str, str, bool] | None:
    said = {item.key: item.value.string_value or str(item.value.int_value or "") for item in span.attributes}
    for url in ("url.full", "http.url"):
        said[url] = said.get(url, "").partition("://")[2].partition(":")[0]
    named = [said[key][:255] for key in KEYS if said.get(key, "") not in ("", "localhost", "::1")]
    return (namespace, named[0], span.kind == PRODUCER) if named and names_peer(span) else None


def route_of(name: str) -> str:
    """Of the few paths that are sent here."""
    return re.sub(r"/\d+(?=/|$)", "/{id}", name.partition("?")[0] if "/" in name else name)


def names_peer(span: Span) -> bool:
    """What says whom it calls is a call, unless it says that it is something else."""
    said = {item.key for item in span.attributes}
    named = said & {"service.peer.name", "peer.service"}
    calling = said & {"db.system", "db.system.name", "url.full", "http.url"} and said & {
        "server.address",
        "net.peer.name",
    }
    return span.kind in NAMING or (not 2 <= span.kind <= 5 and bool(named or calling))


def expected(request: ExportTraceServiceRequest) -> list[tuple[object, ...]]:
    """Span by span."""
    rows: list[tuple[object, ...]] = []
    for group in request.resource_spans:
        said = {item.key: item.value.string_value for item in group.resource.attributes}
        for span in (span for part in group.scope_spans for span in part.spans):
            sound = NOON - 9 <= span.start_time_unix_nano < span.end_time_unix_nano
            rows.append(
                (
                    said.get("service.name") or "unknown_service",
                    route_of(span.name)[:255],
                    span.kind if 0 <= span.kind <= 5 else 0,
                    span.start_time_unix_nano if sound else span.end_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == Status.STATUS_CODE_ERROR,
                    span.trace_id if len(span.trace_id) == 16 and any(span.trace_id) else b"",
                    span.span_id if len(span.span_id) == 8 and any(span.span_id) else b"",
                    span.parent_span_id if len(span.parent_span_id) == 8 and any(span.parent_span_id) else b"",
                    peer_of(span, said.get("service.namespace", "")),
                )
            )
    return rows


def peers_of(batch: SpanBatch) -> list[tuple[str, str, bool] | None]:
    peers = [(peer.service.namespace, peer.service.name, peer.asynchronous) for peer in batch.peers]
    return [peers[place] if place >= 0 else None for place in batch.peer.tolist()]


def rows_of(batch: SpanBatch) -> list[tuple[object, ...]]:
    return list(
        zip(
            [batch.resources[place].service.name for place in batch.resource.tolist()],
            [batch.names[place] for place in batch.name.tolist()],
            batch.kind.tolist(),
            batch.start_unix_nano.tolist(),
            batch.end_unix_nano.tolist(),
            batch.error.tolist(),
            [id_bytes(*words) for words in batch.trace_id.tolist()],
            [id_bytes(word) for word in batch.span_id.tolist()],
            [id_bytes(word) for word in batch.parent_span_id.tolist()],
            peers_of(batch),
            strict=True,
        )
    )


def decode(bodies: Sequence[bytes]) -> SpanBatch:
    return SpanDecoder(DecodeLimits()).decode([Received(body, NOON + 9) for body in bodies])


def wrapped(tag: int, inner: bytes) -> bytes:
    size, length = len(inner), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([tag]) + length + bytes([size]) + inner


@settings(deadline=None, max_examples=150)
@given(requests)
def test_columns_are_what_the_parser_says(sent: list[ExportTraceServiceRequest]) -> None:
    batch = decode([request.SerializeToString() for request in sent])
    found = [expected(request) for request in sent]
    assert rows_of(batch) == [row for rows in found for row in rows]
    assert batch.request.tolist() == [place for place, rows in enumerate(found) for _ in rows]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(spans, st.permutations(range(5)), st.lists(st.sampled_from(UNKNOWN), max_size=2)), max_size=5)
)
def test_fields_in_any_order_with_unknown_ones_between(sent: list[tuple[Span, list[int], list[bytes]]]) -> None:
    """A message's bytes cut between fields and put together in another order are the same message."""
    parts = b""
    for span, order, unknown in sent:
        pieces = [
            Span(attributes=span.attributes, name=span.name).SerializeToString(),
            Span(end_time_unix_nano=span.end_time_unix_nano, span_id=span.span_id).SerializeToString(),
            # Said in two parts, which are merged.
            Span(status=Status(code=span.status.code)).SerializeToString(),
            Span(status=Status(message="why"), kind=span.kind).SerializeToString(),
            b"".join(unknown),
        ]
        parts += wrapped(0x12, b"".join(pieces[place] for place in order))
    body = wrapped(0x0A, wrapped(0x0A, resource("a").SerializeToString()) + wrapped(0x12, parts))
    assert rows_of(decode([body])) == expected(ExportTraceServiceRequest.FromString(body))


@pytest.mark.parametrize("unknown", UNKNOWN[:5])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_unknown_fields_at_every_level(level: int, unknown: bytes) -> None:
    inner = wrapped(0x12, Span(name="here", end_time_unix_nano=NOON).SerializeToString())
    scope = wrapped(0x12, inner + (unknown if level == 2 else b"") + inner)
    group = wrapped(0x0A, wrapped(0x0A, resource("a").SerializeToString()) + (unknown if level == 1 else b"") + scope)
    body = (unknown if level == 0 else b"") + group
    assert rows_of(decode([body])) == expected(ExportTraceServiceRequest.FromString(body))


def test_a_span_of_many_fields_keeps_nobody_waiting() -> None:
    many = Span(name="many", kind=CLIENT, attributes=[attribute("k", "v")] * 5000, end_time_unix_nano=NOON)
    many.attributes.append(attribute("peer.service", "ledger"))
    few = Span(name="few", end_time_unix_nano=NOON)
    groups = [ResourceSpans(resource=resource("a"), scope_spans=[ScopeSpans(spans=[few, many, few])])]
    batch = decode([ExportTraceServiceRequest(resource_spans=groups).SerializeToString()])
    assert [batch.names[place] for place in batch.name.tolist()] == ["few", "many", "few"]
    assert peers_of(batch) == [None, ("", "ledger", False), None]


def test_empty_attributes_are_none() -> None:
    calling = Span(name="call", kind=CLIENT, end_time_unix_nano=NOON, attributes=[KeyValue(), KeyValue()])
    # What comes behind looks like the key of an attribute.
    parts = calling.SerializeToString() + b"\x0a\x7f" + b"peer.service" + bytes(115)
    last = Span(kind=CLIENT, end_time_unix_nano=NOON).SerializeToString() + b"\x4a\x00"
    body = wrapped(0x0A, wrapped(0x12, wrapped(0x12, parts) + wrapped(0x12, last)))
    assert rows_of(decode([body, body])) == expected(ExportTraceServiceRequest.FromString(body)) * 2


def test_nothing_at_all() -> None:
    assert len(decode([])) == len(decode([b""])) == len(decode([b"", b""])) == 0
