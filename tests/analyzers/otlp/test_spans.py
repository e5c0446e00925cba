"""Trace requests to columns."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.columns import Peer, SpanBatch
from analyzers.service import ServiceKey, service_key
from tests.analyzers.telemetry import (
    CLIENT,
    CONSUMER,
    NOON,
    PRODUCER,
    SECOND,
    SERVER,
    resource,
    span,
    span_batch,
    span_groups,
)

FAR = 100 * 365 * 86_400 * SECOND


def settled(start: int, end: int) -> tuple[int, int]:
    """Start and end of a span as they are understood, when it is received at noon."""
    batch = span_batch(*span_groups([span("work", start, end)]), received=NOON)
    return int(batch.start_unix_nano[0]), int(batch.end_unix_nano[0])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (NOON - 50, NOON - 20, (NOON - 50, NOON - 20)),
        (NOON - 20, NOON - 50, (NOON - 50, NOON - 50)),  # ends before it starts
        (NOON - 20, 0, (NOON - 20, NOON - 20)),  # no end
        (0, NOON - 20, (NOON - 20, NOON - 20)),  # no start
        (0, 0, (NOON, NOON)),
        (2**64 - 5, 2**64 - 1, (NOON, NOON)),
        (1, NOON - 20, (NOON - 20, NOON - 20)),  # a start in 1970
        (NOON // 10**9 - 5, NOON // 10**9, (NOON, NOON)),  # seconds
        (NOON + FAR - 30, NOON + FAR, (NOON - 30, NOON)),  # a clock that is ahead
        (NOON - 30, NOON + FAR, (NOON - 30, NOON)),  # only the end is absurd
        (NOON - 30, 2**63 - 1, (NOON - 30, NOON)),
    ],
)
def test_times(start: int, end: int, expected: tuple[int, int]) -> None:
    assert settled(start, end) == expected


def names(batch: SpanBatch) -> list[str]:
    return [batch.names[place] for place in batch.name.tolist()]


def test_columns() -> None:
    sent = span("Charge", NOON, NOON + 5, b"t" * 16, b"s" * 8, b"p" * 8, SERVER, error=True)
    batch = span_batch(*span_groups([sent, span("other", NOON, NOON)]))
    assert names(batch) == ["Charge", "other"]
    assert batch.kind.tolist() == [SERVER, Span.SPAN_KIND_INTERNAL]
    assert batch.error.tolist() == [True, False]
    ids = (batch.trace_id[0], batch.span_id[0], batch.parent_span_id[0])
    assert tuple(item.tobytes() for item in ids) == (b"t" * 16, b"s" * 8, b"p" * 8)


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"service.peer.name": "ledger", "peer.service": "old", "server.address": "10.0.0.1"}, "ledger"),
        ({"peer.service": "old", "server.address": "10.0.0.1"}, "old"),
        ({"messaging.destination.name": "orders", "server.address": "kafka"}, "orders"),
        ({"server.address": "ledger.svc", "db.system.name": "postgresql"}, "ledger.svc"),
        ({"server.address": "localhost", "db.system.name": "postgresql"}, "postgresql"),
        ({"net.peer.name": "127.0.0.1", "db.system": "redis"}, "redis"),
        ({"server.address": "::1"}, None),
        ({"server.address": "localhost:5432", "db.system": "redis"}, "redis"),
        ({"server.address": "ledger:8080"}, "ledger"),
        ({"net.peer.name": "ledger.shop.svc.cluster.local"}, "ledger"),
        ({"server.address": "ledger.shop.svc:8080"}, "ledger"),
        ({"server.address": "fe80::1:22"}, "fe80::1:22"),
        ({"server.address": "db.svc.example.com"}, "db.svc.example.com"),
        ({"peer.service": "ledger.shop.svc"}, "ledger.shop.svc"),
        ({"messaging.destination": "orders", "net.peer.name": "kafka"}, "orders"),
        ({"net.sock.peer.addr": "10.0.0.7", "rpc.service": "acme.Ledger"}, "acme.Ledger"),
        ({"net.peer.ip": "10.0.0.7", "db.system": "redis"}, "redis"),
        ({"net.peer.ip": "10.0.0.7", "http.url": "http://ledger/"}, "10.0.0.7"),
        ({"network.peer.address": "127.0.0.1"}, None),
        ({"http.host": "ledger:8080", "http.url": "http://10.0.0.1/x"}, "ledger"),
        ({"http.url": "http://ledger.shop.svc:8080/entries?from=https://other/"}, "ledger"),
        ({"url.full": "https://bob:secret@bank.example.com:8443"}, "bank.example.com"),
        ({"url.full": "https://[2001:DB8::1]:8443/"}, "2001:db8::1"),
        ({"url.full": "HTTPS://Bank.example.com?x=1"}, "bank.example.com"),
        ({"url.full": "https://bob:p@ss@bank/"}, "bank"),
        ({"url.full": "https://bob:se/cret@bank/"}, None),
        ({"url.full": "https://bob:se#cret@bank/"}, None),
        ({"url.full": f"https://bot:{'e' * 300}@git.example.com/"}, "git.example.com"),
        ({"url.full": f"https://bot:{'e' * 3000}@git.example.com/"}, None),
        ({"url.full": f"https://{'h' * 3000}"}, None),
        ({"http.url": "https://elastic/x", "db.system": "elasticsearch"}, "elasticsearch"),
        ({"http.url": "/entries"}, None),
        ({"http.url": "http://localhost:9200/x"}, None),
        ({"http.method": "GET"}, None),
        ({}, None),
    ],
)
def test_peers(attributes: dict[str, str], name: str | None) -> None:
    source = resource("payment", service_namespace="shop", deployment_environment_name="production")
    batch = span_batch(*span_groups([span("call", NOON, NOON, kind=CLIENT, attributes=attributes)], source))
    expected = [] if name is None else [Peer(ServiceKey("production", "shop", name), asynchronous=False)]
    assert (batch.peers, batch.peer.tolist()) == (expected, [-1] if name is None else [0])


@pytest.mark.parametrize(("kind", "named"), [(PRODUCER, True), (CLIENT, True), (SERVER, False), (CONSUMER, True)])
def test_callers_and_consumers_name_peers(kind: Span.SpanKind.ValueType, named: bool) -> None:
    batch = span_batch(*span_groups([span("call", NOON, NOON, kind=kind, attributes={"peer.service": "ledger"})]))
    assert batch.peers == ([Peer(service_key("ledger"), asynchronous=kind == PRODUCER)] if named else [])


def test_names_are_cut() -> None:
    sent = span("n" * 10**6, NOON, NOON, kind=CLIENT, attributes={"peer.service": "p" * 10**6})
    batch = span_batch(*span_groups([sent]))
    assert names(batch) == ["n" * 255]
    assert [peer.service.name for peer in batch.peers] == ["p" * 255]


def test_own_telemetry_is_left_out_and_counted() -> None:
    own = resource("hypocenter", hypocenter_self="true")
    batch = span_batch(
        *span_groups([span("a", NOON, NOON), span("b", NOON, NOON)], own), *span_groups([span("c", NOON, NOON)])
    )
    assert (names(batch), batch.own) == (["c"], 2)


def test_faults_are_counted() -> None:
    sent = [span("a", NOON, at) for at in (0, 5, NOON + FAR, NOON)]
    faults = span_batch(*span_groups(sent), received=NOON).faults
    assert (faults.missing, faults.absurd, faults.future) == (1, 1, 1)


def test_nothing_sent() -> None:
    assert len(span_batch()) == 0
    assert len(span_batch(*span_groups([]))) == 0
