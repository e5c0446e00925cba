"""Who answers at an address: told by many calls, never by one, and only where it is always the same."""

from dataclasses import replace

import msgspec
import pytest

from analyzers.addresses import Addresses
from analyzers.baseline import Baseline
from analyzers.service import ServiceKey, service_key
from analyzers.spans.answered import Answered
from analyzers.summary import EdgeKey, EdgeStats, Summary
from analyzers.templates import TemplateMiner
from analyzers.timeline import Timeline, TimelineState, WindowSettings
from tests.analyzers.telemetry import CHECKOUT, CLIENT, MILLI, NOON, PAYMENT, SECOND, SERVER, Slice, feed, span

MAIL = service_key("mail", "shop")
ADDRESS = replace(CHECKOUT, name="psp-7.internal")
UNHEARD = EdgeKey(CHECKOUT, ADDRESS, inferred=True)


def bucket(
    *answered: tuple[ServiceKey, int], name: str = ADDRESS.name, number: int = 0, unheard: EdgeKey = UNHEARD
) -> tuple[Summary, Answered]:
    """So many calls of checkout at `name` that each of these answered, and three that nobody did; who answered."""
    made = Summary(NOON + number * 5 * SECOND, NOON + (number + 1) * 5 * SECOND)
    for service, calls in answered:
        made.edges[EdgeKey(CHECKOUT, service)] = EdgeStats(calls=calls)
    made.edges[unheard] = EdgeStats(calls=3, errors=3)
    return made, {replace(CHECKOUT, name=name): dict(answered)} if answered else {}


def settled(*buckets: tuple[Summary, Answered]) -> Addresses:
    addresses = Addresses()
    for closing, answered in buckets:
        addresses.settle(closing, answered)
    return addresses


def test_calls_that_nobody_answers_are_those_of_whoever_answered_before() -> None:
    addresses = settled(bucket((PAYMENT, 30)))
    now, answered = bucket(number=1)
    addresses.settle(now, answered)
    assert now.edges == {EdgeKey(CHECKOUT, PAYMENT, inferred=True): EdgeStats(calls=3, errors=3)}
    assert addresses.take_new() == {ADDRESS: PAYMENT}
    assert addresses.take_new() == {}


def test_a_few_calls_tell_nothing() -> None:
    now, answered = bucket((PAYMENT, 19))
    assert settled((now, answered)).take_new() == {}
    assert UNHEARD in now.edges


def test_a_balancer_in_front_of_several_is_none_of_them() -> None:
    addresses = settled(bucket((PAYMENT, 300), (MAIL, 20)))
    assert addresses.of(ADDRESS) == ADDRESS


def test_where_others_answer_unseen_nobody_is_told() -> None:
    """Two ports of one host are one address: a service that sends spans, and a database that does not."""
    database = EdgeKey(CHECKOUT, ADDRESS, inferred=True)
    addresses = Addresses()
    for number in range(20):
        now, answered = bucket((PAYMENT, 50), number=number)
        now.edges[database] = EdgeStats(calls=150)
        addresses.settle(now, answered)
    assert addresses.of(ADDRESS) == ADDRESS
    assert database in now.edges


def test_nor_where_a_service_has_that_very_name() -> None:
    """A proxy in front of it answers most calls, not all."""
    now, answered = bucket((PAYMENT, 50))
    now.service(ADDRESS).spans = 30
    assert settled((now, answered)).of(ADDRESS) == ADDRESS


@pytest.mark.parametrize(
    ("host", "moved"),
    [
        ("Pay-Ment", True),
        ("payment.shop.svc.cluster.local", True),
        ("payment.internal", True),
        ("pay.internal", False),
        ("payment.shop", False),
        ("payment.example.com", False),
        (".internal", False),
    ],
)
def test_a_service_that_has_the_name_of_the_host_answers_unseen_where_its_spans_get_lost(
    host: str, moved: bool
) -> None:
    address = replace(ADDRESS, name=host)
    unseen = EdgeKey(CHECKOUT, address, inferred=True)
    addresses = Addresses()
    for number in range(20):
        now, answered = bucket((PAYMENT, 50), name=host, number=number, unheard=unseen)
        now.edges[unseen] = EdgeStats(calls=150)
        addresses.settle(now, answered)
    assert (addresses.of(address) == PAYMENT) is moved
    assert (unseen not in now.edges) is moved


def test_where_clocks_differ_the_name_tells() -> None:
    """Halves that are found too late for each other are calls of the service, and some of the address as well."""
    address = replace(ADDRESS, name="payment.svc")
    unseen = EdgeKey(CHECKOUT, address, inferred=True)
    now, _ = bucket((PAYMENT, 50), unheard=unseen)
    now.edges[EdgeKey(CHECKOUT, MAIL)] = EdgeStats(calls=50)
    addresses = settled((now, {}))
    assert addresses.of(address) == PAYMENT
    assert now.edges.keys() == {EdgeKey(CHECKOUT, PAYMENT), EdgeKey(CHECKOUT, MAIL), replace(unseen, server=PAYMENT)}


def test_of_two_of_one_name_nobody_knows_which_it_is() -> None:
    address, other = replace(ADDRESS, name="payment.svc"), replace(PAYMENT, namespace="other")
    now, _ = bucket((PAYMENT, 50), unheard=EdgeKey(CHECKOUT, address, inferred=True))
    now.edges[EdgeKey(CHECKOUT, other)] = EdgeStats(calls=50)
    assert settled((now, {})).of(address) == address


def test_a_service_of_another_namespace_has_no_host_of_this_one() -> None:
    """Now and then it answers here too; whoever is called so here is seen to answer the rest."""
    here, there = replace(PAYMENT, namespace="here"), replace(PAYMENT, namespace="there")
    now, _ = bucket((there, 30), unheard=EdgeKey(CHECKOUT, here, inferred=True))
    assert settled((now, {here: {here: 970, there: 30}})).of(here) == here


def test_what_was_answered_says_more_than_a_name() -> None:
    """A proxy in front of it sends spans too."""
    address, proxy = replace(ADDRESS, name="payment.svc"), replace(PAYMENT, name="payment-proxy")
    now, _ = bucket((PAYMENT, 25), unheard=EdgeKey(CHECKOUT, address, inferred=True))
    assert settled((now, {address: {proxy: 1000}})).of(address) == proxy


def test_who_is_no_longer_seen_to_answer_what_goes_well_is_no_longer_believed_to() -> None:
    addresses = settled(bucket((PAYMENT, 900)))
    for number in range(1, 40):
        now, answered = bucket(number=number)
        now.edges[UNHEARD] = EdgeStats(calls=100)
        addresses.settle(now, answered)
    assert UNHEARD in now.edges


def test_a_long_failure_makes_nobody_forget_who_answered() -> None:
    failing = [bucket(number=number) for number in range(1, 200)]
    assert settled(bucket((PAYMENT, 100)), *failing).of(ADDRESS) == PAYMENT


def test_a_few_others_now_and_then_change_nothing() -> None:
    addresses = settled(bucket((PAYMENT, 900)), bucket((MAIL, 100), number=1))
    assert addresses.of(ADDRESS) == PAYMENT
    assert addresses.take_new() == {ADDRESS: PAYMENT}


def test_versions_come_and_go() -> None:
    """More than are remembered at once: the newest is who answers."""
    services = [service_key(f"pay-v{n}", "shop") for n in range(9)]
    addresses = settled(*(bucket((service, 100 * 4**n), number=n) for n, service in enumerate(services)))
    for number in range(10, 60):
        addresses.settle(*bucket((services[-1], 9000), number=number))
    assert addresses.of(ADDRESS) == services[-1]


def test_who_moved_in_later_answers_there_now() -> None:
    addresses = settled(bucket((PAYMENT, 6000)), *(bucket((MAIL, 6000), number=n) for n in range(1, 12)))
    assert addresses.of(ADDRESS) == MAIL


@pytest.mark.parametrize(
    "edge",
    [
        replace(UNHEARD, asynchronous=True),
        replace(UNHEARD, asynchronous=True, consumed=True),
        EdgeKey(PAYMENT, ADDRESS, inferred=True),
    ],
)
def test_queues_and_calls_of_oneself_stay_as_they_are(edge: EdgeKey) -> None:
    now, answered = bucket((PAYMENT, 30), unheard=edge)
    settled((now, answered))
    assert edge in now.edges


def test_only_so_many_are_remembered() -> None:
    """Those answered longest ago go first."""
    addresses = settled(*(bucket((PAYMENT, 30), name=f"host-{n}", number=n) for n in range(5_100)))
    assert len(addresses) == 5_000
    assert addresses.of(replace(ADDRESS, name="host-50")).name == "host-50"
    assert addresses.of(replace(ADDRESS, name="host-5099")) == PAYMENT


def test_it_goes_on_after_a_restart_and_forgets_when_told_to() -> None:
    again = Addresses()
    again.restore(settled(bucket((PAYMENT, 30))).state())
    assert again.of(ADDRESS) == PAYMENT
    assert again.take_new() == {ADDRESS: PAYMENT}, "nobody may have taken it before"
    again.forget(PAYMENT)
    assert (again.of(ADDRESS), len(again), again.services) == (ADDRESS, 0, set())


def test_a_timeline_goes_on_with_what_it_knew() -> None:
    timeline = Timeline(WindowSettings())
    timeline.addresses.settle(*bucket((PAYMENT, 30)))
    packed = msgspec.msgpack.encode(timeline.state())
    again = Timeline(WindowSettings())
    again.restore(msgspec.msgpack.decode(packed, type=TimelineState), [])
    assert again.addresses.of(ADDRESS) == PAYMENT


def test_what_was_usual_of_the_address_is_usual_of_who_answers_there() -> None:
    """Some calls always fail without an answer: that is nothing new."""
    baseline, queue = Baseline(), EdgeKey(CHECKOUT, ADDRESS, asynchronous=True, inferred=True)
    for number in range(40):
        made, _ = bucket(number=number)
        made.service(CHECKOUT).spans = 3
        made.edges[queue] = EdgeStats(calls=2)
        baseline.learn(made)
    usual = baseline.edges[UNHEARD]
    baseline.readdress({ADDRESS: PAYMENT})
    assert baseline.edges.keys() == {EdgeKey(CHECKOUT, PAYMENT, inferred=True), queue}
    assert baseline.edges[EdgeKey(CHECKOUT, PAYMENT, inferred=True)] is usual


def test_where_clocks_differ_halves_of_one_bucket_tell() -> None:
    """Payment's clock is ahead, so all of its halves end after those of who called it; one in forty gets lost."""
    slices, named = [], {"server.address": ADDRESS.name}
    for second in range(20):
        made = Slice()
        for number in range(4):
            at = NOON + second * SECOND + number * SECOND // 5
            trace_id, span_id = (at + 1).to_bytes(16, "big"), (at + 2).to_bytes(8, "big")
            call = span("call", at, at + 20 * MILLI, trace_id, span_id, kind=CLIENT, attributes=named)
            made.span(CHECKOUT, call)
            if (second, number) not in {(3, 0), (11, 2)}:
                begin = at + 53 * MILLI
                work = span("pay", begin, begin + 14 * MILLI, trace_id, (at + 3).to_bytes(8, "big"), span_id, SERVER)
                made.span(PAYMENT, work)
        slices.append(made)
    timeline = Timeline(WindowSettings())
    for part in slices:
        feed(timeline, TemplateMiner(), part)
    list(timeline.close_all())
    assert timeline.addresses.of(ADDRESS) == PAYMENT
