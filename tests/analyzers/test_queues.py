"""What is produced into queues and consumed from them."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.baseline import Baseline
from analyzers.detectors.consumption import Consumption, ConsumptionConfig
from analyzers.queues import produced, sent_into
from analyzers.service import ServiceKey, service_key
from analyzers.summary import EdgeKey, Summary
from analyzers.timeline import Timeline, WindowSettings
from tests.analyzers.telemetry import (
    CONSUMER,
    MILLI,
    NOON,
    PRODUCER,
    SECOND,
    SERVER,
    resource,
    span,
    span_batch,
    span_groups,
)

SHOP, MAILER, LETTERS = (service_key(name) for name in ("shop", "mailer", "letters"))
NAMED = {"messaging.destination.name": "letters"}
TAKEN = EdgeKey(LETTERS, MAILER, asynchronous=True, inferred=True, consumed=True)


def sent(number: int, at: int = NOON) -> Span:
    return span("send", at, at + MILLI, bytes([1, number] * 8), bytes([number] * 8), kind=PRODUCER, attributes=NAMED)


def taken(number: int, at: int = NOON, linked: bool = False) -> Span:
    """In the trace of the message, or in one of its own."""
    trace_id, parent = (bytes([2, number] * 8), b"") if linked else (bytes([1, number] * 8), bytes([number] * 8))
    begin = at + 2 * MILLI
    return span("take", begin, begin + MILLI, trace_id, bytes([9, number] * 4), parent, CONSUMER, attributes=NAMED)


def closed(sent_spans: list[Span], taken_spans: list[Span], **of_mailer: str) -> Summary:
    timeline = Timeline(WindowSettings())
    groups = [*span_groups(sent_spans, resource("shop")), *span_groups(taken_spans, resource("mailer", **of_mailer))]
    timeline.add_spans(span_batch(*groups))
    (bucket,) = timeline.close_all()
    return bucket


def test_both_sides_of_a_queue_are_counted() -> None:
    bucket = closed([sent(1), sent(2), sent(3)], [taken(1), taken(2)])
    assert produced(bucket) == {("", "letters"): 3}
    assert bucket.edges[TAKEN].calls == 2
    assert bucket.edges[EdgeKey(SHOP, MAILER, asynchronous=True)].calls == 2
    # What a consumer says of where it takes from is no call of that.
    assert not any(edge.client == MAILER for edge in bucket.edges)


def test_a_link_is_enough() -> None:
    bucket = closed([sent(1), sent(2)], [taken(1, linked=True), taken(2, linked=True)])
    assert set(bucket.edges) == {EdgeKey(SHOP, LETTERS, asynchronous=True, inferred=True), TAKEN}
    assert bucket.edges[TAKEN].calls == 2


def test_what_a_consumer_does_is_its_own_time() -> None:
    operation = closed([sent(1)], [taken(1)]).services[MAILER].operations["take"]
    assert (operation.self_time.count, operation.entries, operation.origin_errors) == (1, 1, 0)


def test_namespaces_share_queues_and_environments_do_not() -> None:
    bucket = closed([sent(1)], [taken(1)], service_namespace="post")
    (queue,) = (edge.client for edge in bucket.edges if edge.consumed)
    assert queue == ServiceKey("", "post", "letters")
    assert sent_into(queue, produced(bucket)) == 1
    assert sent_into(ServiceKey("staging", "post", "letters"), produced(bucket)) == 0


def test_normal_is_what_is_consumed_of_what_is_produced() -> None:
    baseline = Baseline()
    for number in range(20):
        at = NOON + number * 5 * SECOND
        bucket = closed(
            [sent(item, at) for item in range(1, number % 7 + 3)],
            [taken(item, at) for item in range(1, number % 7 + 3)],
        )
        baseline.learn(bucket)
    assert 9.9 < baseline.edges[TAKEN].calls.expected(10) < 10.1


def unsaid(spans: list[Span]) -> list[Span]:
    for item in spans:
        item.kind = Span.SPAN_KIND_INTERNAL
        del item.attributes[:]
    return spans


@pytest.mark.parametrize("producer_says_so", [True, False])
def test_a_consumer_that_does_not_say_so_is_known_by_the_messages_it_works_on(producer_says_so: bool) -> None:
    def bucket(at: int, sends: int, takes: int) -> Summary:
        """Each request is a unit of work of the shop; `sends` of them get as far as to send."""
        numbers = range(1, 21)
        requests = [
            span("order", at, at + 9 * MILLI, bytes([1, n] * 8), bytes([7, n] * 4), kind=SERVER) for n in numbers
        ]
        produced_spans = [sent(n, at) for n in numbers[:sends]]
        taken_spans = unsaid([taken(n, at) for n in numbers[:takes]])
        for item in taken_spans:
            item.end_time_unix_nano += 9 * MILLI
        return closed([*requests, *(produced_spans if producer_says_so else unsaid(produced_spans))], taken_spans)

    baseline, detector = Baseline(), Consumption(ConsumptionConfig())
    for number in range(30):
        baseline.learn(bucket(NOON + number * 5 * SECOND, 20, 20))
    later = NOON + 200 * SECOND
    assert detector.detect(bucket(later, 20, 20), baseline) == []
    (found,) = detector.detect(bucket(later, 20, 0), baseline)
    assert (found.service, found.peer, found.subject) == (MAILER, SHOP, "shop")
    if producer_says_so:
        # What is not sent can't be taken.
        assert detector.detect(bucket(later, 4, 4), baseline) == []
