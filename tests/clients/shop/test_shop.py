"""The shop when nothing is wrong: what a receiver gets is whole, joined and reconciled."""

from collections import Counter

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clients.shop import Emitted, Shop
from tests.clients.shop.otlp_sink import OtlpSink
from tests.clients.shop.waiting import until

EDGES = {
    ("gateway", "catalog"),
    ("gateway", "checkout"),
    ("catalog", "inventory"),
    ("catalog", "pricing"),
    ("checkout", "inventory"),
    ("checkout", "payment"),
    ("checkout", "shipping"),
    ("checkout", "email"),
}


async def test_normal_traffic(sink: OtlpSink) -> None:
    async with Shop(sink.address, rate=80, seed=7, schedule_delay_seconds=0.2) as shop:
        identities = shop.pods
        await until(lambda: shop.requests >= 120)
    assert shop.failures <= shop.requests * 0.05
    assert shop.emitted == Emitted(len(sink.logs), len(sink.spans)), "what was emitted is what arrived"

    by_id = {each.span.span_id: each for each in sink.spans}
    assert len(by_id) == len(sink.spans)
    parents = [(each, by_id[each.span.parent_span_id]) for each in sink.spans if each.span.parent_span_id]
    assert all(child.span.trace_id == parent.span.trace_id for child, parent in parents)
    assert {(p.service, c.service) for c, p in parents if p.service != c.service} == EDGES
    roots = [each for each in sink.spans if not each.span.parent_span_id]
    assert {(each.service, each.span.kind) for each in roots} == {("gateway", Span.SPAN_KIND_SERVER)}
    assert len(roots) == shop.requests
    kinds = {(p.span.kind, c.span.kind) for c, p in parents if p.service != c.service}
    assert kinds == {
        (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER),
        (Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER),
    }

    spans_seen = {(each.span.trace_id, each.span.span_id) for each in sink.spans}
    outside = [log.body for log in sink.logs if (log.record.trace_id, log.record.span_id) not in spans_seen]
    assert all(body.endswith((" started", " stopped")) for body in outside), "every other log belongs to a span"
    severities = Counter(log.record.severity_text for log in sink.logs)
    assert severities["INFO"] > 10 * (severities["WARN"] + severities["ERROR"])

    for each in sink.spans[:50] + sink.spans[-50:]:
        assert (
            each.origin.attributes.items()
            >= {
                "service.namespace": "shop",
                "deployment.environment.name": "demo",
            }.items()
        )
        assert each.origin.attributes["service.instance.id"]
    seen_pods = {each.origin.pod for each in sink.spans}
    assert seen_pods == {identity.pod for identity in identities}
    assert Counter(identity.service for identity in identities)["inventory"] == 2

    database = sink.spans_of("checkout", Span.SPAN_KIND_CLIENT, "INSERT")
    assert database
    assert database[0].attributes["db.system.name"] == "postgresql"
    assert database[0].attributes["server.address"] == "orders-db"
    sent = sink.spans_of("checkout", Span.SPAN_KIND_PRODUCER)
    processed = sink.spans_of("email", Span.SPAN_KIND_CONSUMER)
    assert {s.attributes["messaging.message.id"] for s in processed} <= {
        s.attributes["messaging.message.id"] for s in sent
    }
    assert len(sent) - len(processed) == shop.waiting_messages


async def _first_orders(sink: OtlpSink, seed: int) -> list[str]:
    before = len(sink.logs)
    async with Shop(sink.address, rate=200, seed=seed, schedule_delay_seconds=0.2) as shop:
        await until(lambda: shop.requests >= 20)
    orders = [log for log in sink.logs[before:] if log.service == "gateway" and log.body.endswith("begins")]
    return [log.body for log in sorted(orders, key=lambda log: log.record.time_unix_nano)][:4]


async def test_traffic_is_the_same_for_the_same_seed(sink: OtlpSink) -> None:
    first = await _first_orders(sink, seed=3)
    assert len(first) == 4
    assert await _first_orders(sink, seed=3) == first
    assert await _first_orders(sink, seed=4) != first


async def test_failed_requests_are_marked_where_they_fail(sink: OtlpSink) -> None:
    """Declined cards (402) are a failure for the client and none for the server."""
    async with Shop(sink.address, rate=150, seed=5, schedule_delay_seconds=0.2) as shop:
        await until(lambda: _declined(sink) > 0 or shop.requests > 2500, seconds=20)
    declined = [s for s in sink.spans if s.attributes.get("http.response.status_code") == "402"]
    states = {(s.service, s.span.kind, s.span.status.code) for s in declined}
    assert ("payment", Span.SPAN_KIND_SERVER, Status.STATUS_CODE_UNSET) in states
    assert ("checkout", Span.SPAN_KIND_CLIENT, Status.STATUS_CODE_ERROR) in states


def _declined(sink: OtlpSink) -> int:
    return sum("declined by" in log.body for log in list(sink.logs))
