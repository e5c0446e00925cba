"""Each fault, in what a receiver gets."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clients.shop import Emitted, Fault, Shop
from tests.clients.shop.otlp_sink import OtlpSink, ReceivedSpan
from tests.clients.shop.waiting import until

SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT
PRODUCER, CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER


def _open(sink: OtlpSink) -> Shop:
    return Shop(sink.address, rate=50, seed=11, schedule_delay_seconds=0.1)


async def _more(shop: Shop, requests: int) -> None:
    target = shop.requests + requests
    await until(lambda: shop.requests >= target)


@dataclass(frozen=True, slots=True)
class Call:
    client: ReceivedSpan
    server: ReceivedSpan

    @property
    def gap_millis(self) -> float:
        return self.client.millis - self.server.millis


def _calls(sink: OtlpSink, client: str, server: str) -> list[Call]:
    """Calls of which both halves arrived."""
    clients = {each.span.span_id: each for each in sink.spans_of(client, CLIENT)}
    servers = [each for each in sink.spans_of(server, SERVER) if each.span.parent_span_id in clients]
    return [Call(clients[each.span.parent_span_id], each) for each in servers]


def _typical_millis(spans: Iterable[ReceivedSpan]) -> float:
    return median(each.millis for each in spans)


async def test_leaf_exception_begins_in_payment_and_is_louder_above(sink: OtlpSink) -> None:
    async with _open(sink) as shop:
        await shop.inject(Fault.LEAF_EXCEPTION)
        await _more(shop, 70)
    payment = [
        log for log in sink.errors_of("payment") if "CardRoutingError" in log.attributes.get("exception.type", "")
    ]
    assert len(payment) >= 5
    assert all(log.attributes["exception.message"] in log.body for log in payment)
    assert "Traceback" in payment[0].attributes["exception.stacktrace"]
    assert len(sink.errors_of("checkout")) > len(sink.errors_of("payment"))
    assert len(sink.errors_of("gateway")) > len(sink.errors_of("payment"))

    failed = {each.span.span_id: each for each in sink.spans if each.span.status.code == Status.STATUS_CODE_ERROR}
    parents_of_failed = {each.span.parent_span_id for each in failed.values()}
    deepest = [each for each in failed.values() if each.span.span_id not in parents_of_failed]
    services = Counter(each.service for each in deepest)
    assert services.most_common(1)[0][0] == "payment", "the error starts in payment"
    traces = {log.record.trace_id for log in payment}
    assert traces <= {log.record.trace_id for log in sink.errors_of("gateway")}, "one trace joins cause and symptom"


async def test_network_delay_is_between_the_client_and_the_server(sink: OtlpSink) -> None:
    async with _open(sink) as shop:
        await _more(shop, 50)
        injected_unix_nano = time.time_ns()
        await shop.inject(Fault.NETWORK_DELAY)
        await _more(shop, 70)
    charges = _calls(sink, "checkout", "payment")
    before = [call.gap_millis for call in charges if call.client.span.end_time_unix_nano < injected_unix_nano]
    after = [call.gap_millis for call in charges if call.client.span.start_time_unix_nano > injected_unix_nano]
    assert min(len(before), len(after)) >= 3
    assert median(after) > median(before) + 200, "the client waits"
    assert _typical_millis(call.server for call in charges) < 200, "the server doesn't"
    assert median(call.gap_millis for call in _calls(sink, "checkout", "shipping")) < 200, "other edges are well"


async def test_slow_dependency_spends_the_time_inside_inventory(sink: OtlpSink) -> None:
    async with _open(sink) as shop:
        await shop.inject(Fault.SLOW_DEPENDENCY)
        await _more(shop, 50)
    stock = _calls(sink, "catalog", "inventory")
    prices = _calls(sink, "catalog", "pricing")
    assert _typical_millis(call.server for call in stock) > _typical_millis(call.server for call in prices) + 150
    between = median(call.gap_millis for call in stock)
    assert between < _typical_millis(call.server for call in stock) / 2, "it is not the network"
    assert not sink.errors_of("inventory")


async def test_bad_deployment_brings_a_version_a_pod_and_errors(sink: OtlpSink) -> None:
    async with _open(sink) as shop:
        await _more(shop, 30)
        before = next(pod for pod in shop.pods if pod.service == "catalog")
        await shop.inject(Fault.BAD_DEPLOYMENT)
        bad = next(pod for pod in shop.pods if pod.service == "catalog")
        await _more(shop, 60)
        await shop.heal(Fault.BAD_DEPLOYMENT)
        mended = next(pod for pod in shop.pods if pod.service == "catalog")
        await _more(shop, 20)
    assert len({before.pod, bad.pod, mended.pod}) == 3
    assert before.version == mended.version != bad.version
    catalog = sorted(sink.spans_of("catalog", SERVER), key=lambda each: each.span.start_time_unix_nano)
    order = [each.origin.pod for each in catalog]
    assert order[0] == before.pod
    assert order[len(order) // 2] == bad.pod
    assert order[-1] == mended.pod
    failed = [each for each in catalog if each.span.status.code == Status.STATUS_CODE_ERROR]
    share = len(failed) / order.count(bad.pod)
    assert 0.1 < share < 0.8
    assert {each.origin.version for each in failed} == {bad.version}
    assert {log.origin.pod for log in sink.errors_of("catalog")} == {bad.pod}
    assert shop.emitted == Emitted(len(sink.logs), len(sink.spans)), "nothing is lost by a restart"


async def test_silent_consumer_is_an_absence_without_an_error(sink: OtlpSink) -> None:
    async with _open(sink) as shop:
        await until(lambda: bool(sink.spans_of("email", CONSUMER)))
        await shop.inject(Fault.SILENT_CONSUMER)
        await until(lambda: shop.waiting_messages >= 12)
        waiting = shop.waiting_messages
        await shop.heal()
        await until(lambda: shop.waiting_messages < waiting / 2)
    sent = sink.spans_of("checkout", PRODUCER)
    processed = sink.spans_of("email", CONSUMER)
    gaps = [
        one.span.start_time_unix_nano - other.span.end_time_unix_nano
        for other, one in pairwise(sorted(processed, key=lambda each: each.span.start_time_unix_nano))
    ]
    silence = max(gaps)
    end = next(
        one.span.start_time_unix_nano
        for other, one in pairwise(sorted(processed, key=lambda each: each.span.start_time_unix_nano))
        if one.span.start_time_unix_nano - other.span.end_time_unix_nano == silence
    )
    unheard = [each for each in sent if end - silence < each.span.start_time_unix_nano < end]
    assert len(unheard) >= 8, "orders are published while nobody takes them"
    assert not sink.errors_of("email")
    assert not [log for log in sink.logs if log.service == "email" and log.record.severity_number > 9]
    assert not sink.errors_of("checkout")
