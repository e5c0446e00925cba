"""Who calls whom."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.service import ServiceKey, service_key
from analyzers.summary import EdgeKey, OperationStats, Summary, union
from rca.graph import Topology, build_graph
from tests.rca.findings import (
    ALL,
    CALLS,
    CATALOG,
    CHECKOUT,
    FRONTEND,
    LEDGER,
    MAIL,
    NOON,
    PAYMENT,
    SECOND,
    SHOP,
    graph,
    summary,
)

TOPOLOGY = Topology(SHOP)
UNKNOWN = service_key("unknown")
EDGES = st.sets(st.tuples(st.sampled_from(ALL), st.sampled_from(ALL)).filter(lambda edge: edge[0] != edge[1]))


def test_nodes_and_edges_are_sorted() -> None:
    assert [node.service for node in SHOP.nodes] == sorted(ALL)
    assert [(edge.client, edge.server) for edge in SHOP.edges] == sorted(CALLS)
    assert SHOP.services == frozenset(ALL)


def test_order_of_sight_does_not_matter() -> None:
    assert graph(*CALLS[::-1], services=ALL[::-1]) == SHOP
    assert build_graph(union([summary(*CALLS[:2]), summary(*CALLS[2:])])).services == SHOP.services


def test_what_only_callers_name_is_not_instrumented() -> None:
    whole = summary((CHECKOUT, PAYMENT), services=(CHECKOUT,))
    assert {node.service: node.instrumented for node in build_graph(whole).nodes} == {CHECKOUT: True, PAYMENT: False}


def test_an_inferred_edge_gives_way_to_the_joined_one() -> None:
    whole = summary((CHECKOUT, PAYMENT))
    whole.edge(EdgeKey(CHECKOUT, PAYMENT, inferred=True)).calls = 40
    (edge,) = build_graph(whole).edges
    assert (edge.inferred, edge.calls, edge.confidence) == (False, 1, 1.0)


def test_an_inferred_edge_is_never_certain_and_surer_with_more_calls() -> None:
    confidences = []
    for calls in (1, 10, 1000):
        whole = Summary(NOON, NOON + SECOND)
        whole.edge(EdgeKey(CHECKOUT, PAYMENT, inferred=True)).calls = calls
        confidences += [edge.confidence for edge in build_graph(whole).edges]
    assert confidences == sorted(confidences)
    assert 0 < confidences[0] < confidences[-1] < 1


def test_errors_and_durations() -> None:
    whole = summary((CHECKOUT, PAYMENT))
    whole.edge(EdgeKey(CHECKOUT, PAYMENT)).errors = 1
    (edge,) = build_graph(whole).edges
    assert edge.errors == 1
    assert edge.p50 == edge.p95 == pytest.approx(10_000_000, rel=0.05)


def test_neighbours() -> None:
    assert TOPOLOGY.callers(PAYMENT) == {CHECKOUT}
    assert TOPOLOGY.callees(FRONTEND) == {CHECKOUT, CATALOG}
    assert TOPOLOGY.callers(UNKNOWN) == TOPOLOGY.callees(UNKNOWN) == frozenset()


def test_entrances_call_and_are_not_called() -> None:
    assert TOPOLOGY.entrances() == {FRONTEND}
    assert Topology(graph()).entrances() == frozenset()


@pytest.mark.parametrize(
    ("one", "other", "connected"),
    [
        (FRONTEND, LEDGER, True),
        (PAYMENT, PAYMENT, True),
        (UNKNOWN, UNKNOWN, True),
        (PAYMENT, CATALOG, False),  # siblings
        (MAIL, FRONTEND, False),
        (PAYMENT, UNKNOWN, False),
    ],
)
def test_faults_travel_along_calls(one: ServiceKey, other: ServiceKey, connected: bool) -> None:
    assert TOPOLOGY.connected(one, other) is connected
    assert TOPOLOGY.connected(other, one) is connected


def test_path_leads_from_the_cause_to_the_furthest_symptom() -> None:
    assert TOPOLOGY.path(PAYMENT, [FRONTEND, CHECKOUT, CATALOG]) == (PAYMENT, CHECKOUT, FRONTEND)


def test_path_does_not_pass_through_the_healthy() -> None:
    assert TOPOLOGY.path(LEDGER, [CHECKOUT, FRONTEND]) == (LEDGER,)
    assert TOPOLOGY.path(LEDGER, [PAYMENT, FRONTEND]) == (LEDGER, PAYMENT)


def test_path_of_what_is_not_in_the_graph() -> None:
    assert TOPOLOGY.path(UNKNOWN, [FRONTEND]) == (UNKNOWN,)
    assert TOPOLOGY.path(MAIL, [UNKNOWN]) == (MAIL,)


@given(EDGES, st.sampled_from(ALL), st.sets(st.sampled_from(ALL)))
def test_paths_follow_calls_backwards_through_the_affected(
    edges: set[tuple[ServiceKey, ServiceKey]], cause: ServiceKey, affected: set[ServiceKey]
) -> None:
    """Cycles included."""
    path = Topology(graph(*sorted(edges))).path(cause, affected)
    assert path[0] == cause
    assert len(set(path)) == len(path)
    assert set(path[1:]) <= affected
    assert all((caller, callee) in edges for callee, caller in pairwise(path))


def test_around() -> None:
    near = TOPOLOGY.around(PAYMENT, 1)
    assert near.services == {CHECKOUT, PAYMENT, LEDGER}
    assert [(edge.client, edge.server) for edge in near.edges] == [(CHECKOUT, PAYMENT), (PAYMENT, LEDGER)]
    assert TOPOLOGY.around(PAYMENT, 0).services == {PAYMENT}
    assert TOPOLOGY.around(MAIL, 9).services == {MAIL}
    assert TOPOLOGY.around(UNKNOWN, 2).services == frozenset()
    assert TOPOLOGY.around(PAYMENT, 9).services == SHOP.services - {MAIL}


def test_a_queue_lies_between_producer_and_consumer() -> None:
    queue = service_key("letters")
    whole = summary(services=(CHECKOUT, MAIL))
    whole.edge(EdgeKey(CHECKOUT, queue, asynchronous=True, inferred=True)).calls = 40
    whole.edge(EdgeKey(queue, MAIL, asynchronous=True, inferred=True, consumed=True)).calls = 40
    found = build_graph(whole)
    assert {(edge.client, edge.server) for edge in found.edges} == {(CHECKOUT, queue), (queue, MAIL)}
    assert Topology(found).connected(CHECKOUT, MAIL)
    assert Topology(found).asking(MAIL) == {queue, CHECKOUT}


def test_who_takes_from_a_queue_of_its_own_name_does_not_call_itself() -> None:
    whole = summary(services=(CHECKOUT, MAIL))
    whole.edge(EdgeKey(CHECKOUT, MAIL, asynchronous=True, inferred=True)).calls = 40
    whole.edge(EdgeKey(MAIL, MAIL, asynchronous=True, inferred=True, consumed=True)).calls = 40
    assert [(edge.client, edge.server) for edge in build_graph(whole).edges] == [(CHECKOUT, MAIL)]


def test_a_call_is_named_as_its_callee_names_it_or_by_what_is_left() -> None:
    whole = summary((CHECKOUT, PAYMENT), services=(CHECKOUT, PAYMENT))
    whole.edge(EdgeKey(CHECKOUT, LEDGER, inferred=True)).calls = 3
    own = OperationStats(calls=3)
    own.self_time.add(1_000_000)
    whole.service(CHECKOUT).operations.update(
        {"POST /order": OperationStats(entries=3), "POST /charge": OperationStats(), "SELECT": OperationStats()},
        price=own,
    )
    whole.service(PAYMENT).operations["POST /charge"] = OperationStats(entries=3)
    topology = Topology(build_graph(whole))
    assert topology.named(PAYMENT) == {"POST /charge"}
    assert topology.named(LEDGER) == {"SELECT"}
    assert topology.named(CHECKOUT) == frozenset()


def test_what_is_known_to_fail_elsewhere_fails_nowhere_else() -> None:
    """Names of its own for what it calls: whose they are nobody knows, but who answered that it failed."""
    whole = summary((CHECKOUT, PAYMENT), (CHECKOUT, LEDGER), services=(CHECKOUT, PAYMENT, LEDGER))
    whole.service(CHECKOUT).operations["paymentClient.pay"] = OperationStats(calls=50, errors=40)
    failed = {edge.server: edge.failed for edge in build_graph(whole).edges}
    assert failed == {PAYMENT: 40, LEDGER: 40}
    whole.edges[EdgeKey(CHECKOUT, PAYMENT)].errors = 40
    failed = {edge.server: edge.failed for edge in build_graph(whole).edges}
    assert failed == {PAYMENT: 40, LEDGER: 0}
    # Payment makes calls of such a name itself.
    whole.service(PAYMENT).operations["paymentClient.pay"] = OperationStats(calls=9)
    assert failed == {edge.server: edge.failed for edge in build_graph(whole).edges}
    # Of payment it is known how its calls are named: the others are those of ledger.
    whole.service(CHECKOUT).operations["pay"] = OperationStats(calls=50, errors=40)
    whole.service(PAYMENT).operations["pay"] = OperationStats(entries=50)
    failed = {edge.server: edge.failed for edge in build_graph(whole).edges}
    assert failed == {PAYMENT: 40, LEDGER: 40}


def test_a_call_that_failed_may_be_known_from_either_half() -> None:
    whole = summary((CHECKOUT, PAYMENT), services=(CHECKOUT, PAYMENT))
    edge = whole.edge(EdgeKey(CHECKOUT, PAYMENT))
    edge.errors, edge.lost = 2, 3
    whole.edge(EdgeKey(CHECKOUT, PAYMENT, inferred=True)).errors = 4
    call = Topology(build_graph(whole)).call(CHECKOUT, PAYMENT)
    assert call is not None
    assert (call.errors, call.failed) == (2, 9)
    whole.service(CHECKOUT).operations["pay"] = OperationStats(errors=40)
    whole.service(PAYMENT).operations["pay"] = OperationStats(entries=9)
    (edge_,) = build_graph(whole).edges
    assert edge_.failed == 40
