"""Whose doing it is when a service is called more often than the work of its caller explains."""

from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, OperationStats, Summary
from rca.flooding import flooding
from rca.graph import ServiceGraph, Topology, build_graph
from rca.ranking import rank
from tests.rca.findings import CALLS, CATALOG, CHECKOUT, FRONTEND, LEDGER, PAYMENT, finding, summary

CALL, OPERATION = "POST /charge", OperationStats()


def rise(times: float) -> Anomaly:
    item = finding(CHECKOUT, "edge_calls", 20.0, subject="checkout -> payment", peer=PAYMENT)
    return replace(item, observed=times, expected=1.0)


def tell(whole: Summary, calls: int, failed: int) -> None:
    """Both halves of the calls from checkout to payment say how many there were, and how many of them failed."""
    for service, entries in ((CHECKOUT, 0), (PAYMENT, calls)):
        call = replace(OPERATION, calls=calls, entries=entries, errors=failed)
        whole.service(service).operations[CALL] = call


def graph(calls: int, failed: int, told: bool = True) -> ServiceGraph:
    """Of the `calls` from checkout to payment so many `failed`; where it is `told`, checkout's halves say so."""
    whole = summary(*CALLS)
    (edge,) = (stats for key, stats in whole.edges.items() if (key.client, key.server) == (CHECKOUT, PAYMENT))
    edge.calls, edge.errors = calls, failed
    if told:
        tell(whole, calls, failed)
    return build_graph(whole)


FAILS = (
    finding(PAYMENT, "span_errors", 40.0),
    finding(PAYMENT, "error_share", 40.0),
    finding(LEDGER, "self_time", 12.0, subject="book"),
    finding(FRONTEND, "error_share", 20.0),
)


def test_more_calls_than_have_failed_are_no_repetitions() -> None:
    """A bug of checkout makes twenty calls of one. Payment has no connection left for half of them, ledger is slow."""
    ranked = rank([rise(20.0), *FAILS], graph(200, 100))
    assert ranked[0].service == CHECKOUT
    for victim in (PAYMENT, LEDGER):
        (cause,) = (item for item in ranked if item.service == victim)
        (against,) = (item for item in cause.evidence if item.signal == "explained_by_caller")
        assert "checkout floods it" in against.description


def test_so_it_is_where_caller_and_callee_name_the_calls_differently() -> None:
    """A client knows the method of a request, the server its route."""
    whole = summary(*CALLS)
    (edge,) = (stats for key, stats in whole.edges.items() if (key.client, key.server) == (CHECKOUT, PAYMENT))
    edge.calls, edge.errors = 200, 100
    whole.service(CHECKOUT).operations["POST"] = replace(OPERATION, calls=200, errors=100)
    whole.service(PAYMENT).operations["POST /charge/{id}"] = replace(OPERATION, calls=200, entries=200, errors=100)
    assert rank([rise(20.0), *FAILS], build_graph(whole))[0].service == CHECKOUT


@pytest.mark.parametrize(("times", "failed"), [(3.0, 150), (20.0, 200), (1.5, 0)])
def test_calls_that_are_repeated_because_they_fail_are_no_flood(times: float, failed: int) -> None:
    assert rank([rise(times), *FAILS], graph(200, failed))[0].service == PAYMENT


def test_a_few_calls_more_than_have_failed_are_chance() -> None:
    """Whether a call is to be made at all is often a matter of chance: 100 are usual, and here 115 were to be made."""
    assert rank([rise(2.4), *FAILS], graph(240, 125))[0].service == PAYMENT


@pytest.mark.parametrize(
    ("failed_requests", "failed_others", "guilty"), [(90, 0, CHECKOUT), (0, 0, PAYMENT), (90, 85, PAYMENT)]
)
def test_whoever_gets_an_answer_and_fails_all_the_same_makes_each_call_several_times(
    failed_requests: int, failed_others: int, guilty: ServiceKey
) -> None:
    """Of 100 calls to be made and 800 made, 105 went well: chance, unless nearly all requests failed as well. That they
    did may be because of others."""
    whole = summary(*CALLS, (CHECKOUT, CATALOG))
    for key, stats in whole.edges.items():
        if key.client == CHECKOUT:
            made, failed = (800, 695) if key.server == PAYMENT else (200, failed_others)
            stats.calls, stats.errors = made, failed
    tell(whole, 800, 695)
    whole.service(CHECKOUT).operations["POST /order"] = replace(
        OPERATION, calls=100, entries=100, errors=failed_requests
    )
    assert rank([rise(8.0), *FAILS], build_graph(whole))[0].service == guilty


def test_requests_that_fail_by_themselves_are_not_given_up() -> None:
    """Of 100 requests 40 fail within checkout, as always; payment fails, and checkout repeats until it is answered."""
    whole = summary(*CALLS)
    for key, stats in whole.edges.items():
        if (key.client, key.server) == (CHECKOUT, PAYMENT):
            stats.calls, stats.errors = 800, 695
    tell(whole, 800, 695)
    own = whole.service(CHECKOUT).operations
    own["POST /order"] = replace(OPERATION, calls=100, entries=100, errors=40)
    own["validate"] = replace(OPERATION, calls=100, errors=40, origin_errors=40)
    assert rank([rise(8.0), *FAILS], build_graph(whole))[0].service == PAYMENT


def test_whoever_a_flood_reaches_has_another_mixture_of_work() -> None:
    """Of what payment is asked for in the flood it needs ledger more often than of what it is asked for usually."""
    own = replace(
        finding(PAYMENT, "edge_calls", 9.0, subject="payment -> ledger", peer=LEDGER), observed=2.8, expected=1
    )
    asked = replace(finding(FRONTEND, "edge_calls", 20.0, subject="frontend -> checkout", peer=CHECKOUT), observed=18.0)
    floods = flooding({FRONTEND: [replace(asked, expected=1.0)], PAYMENT: [own]}, Topology(graph(200, 0)))
    assert PAYMENT in floods.reached
    # One that repeats more than it is asked for floods by itself.
    more = replace(own, observed=40.0)
    floods = flooding({FRONTEND: [replace(asked, expected=1.0)], PAYMENT: [more]}, Topology(graph(200, 0)))
    assert PAYMENT not in floods.reached


def test_where_nobody_tells_how_many_calls_failed_those_who_fail_are_not_flooded() -> None:
    assert rank([rise(20.0), *FAILS], graph(200, 100, told=False))[0].service == PAYMENT
    slow = [finding(PAYMENT, "self_time", 20.0)]
    assert rank([rise(20.0), *slow], graph(200, 0, told=False))[0].service == CHECKOUT


def test_a_flood_goes_on_below() -> None:
    floods = flooding({CHECKOUT: [rise(20.0)], PAYMENT: FAILS[:2]}, Topology(graph(200, 100)))
    assert set(floods.by) == {CHECKOUT}
    assert set(floods.reached) == {PAYMENT, LEDGER}
    assert floods.between(CHECKOUT, PAYMENT)
    assert not floods.between(PAYMENT, LEDGER)


def test_a_few_calls_more_than_usual_are_no_flood() -> None:
    unsure = replace(rise(20.0), surprise=2.5)
    assert not flooding({CHECKOUT: [unsure], PAYMENT: FAILS[:2]}, Topology(graph(200, 0))).by


def test_a_flood_is_no_reason_not_to_work() -> None:
    ranked = rank([rise(20.0), finding(PAYMENT, "throughput", -40.0)], graph(200, 0))
    (payment,) = (item for item in ranked if item.service == PAYMENT)
    assert not any("floods it" in item.description for item in payment.evidence)


def test_answers_that_come_too_late_are_asked_for_again_a_few_times_only() -> None:
    """Of 200 calls payment did the work for 190, all of them too late for checkout, which gave up on each."""
    late = summary(*CALLS)
    late.edges[EdgeKey(CHECKOUT, PAYMENT)].calls = 200
    late.edges[EdgeKey(CHECKOUT, PAYMENT)].errors = 10
    tell(late, 200, 200)
    assert rank([rise(4.0), *FAILS], build_graph(late))[0].service == PAYMENT
    assert rank([rise(20.0), *FAILS], build_graph(late))[0].service == CHECKOUT
