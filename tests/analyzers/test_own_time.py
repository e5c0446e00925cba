"""Which spans are calls, and what is a caller's own time, where kinds and clocks tell little."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from analyzers.service import service_key
from analyzers.summary import EdgeKey
from tests.analyzers.telemetry import CHECKOUT, CLIENT, CONSUMER, PAYMENT, SERVER, attribute
from tests.analyzers.test_assembly import assembled, made, own_time, rows

INTERNAL = Span.SPAN_KIND_INTERNAL


def test_what_wraps_a_call_and_names_whom_it_goes_to_is_no_second_one() -> None:
    """The time before the call is the wrapper's own: it waited for a connection."""
    wrapper = made("Client.charge", 0, 100, "w")
    wrapper.attributes.append(attribute("peer.service", "payment"))
    found = rows(
        checkout=[wrapper, made("POST", 80, 98, "c", "w", kind=CLIENT, peer="payment.svc")],
        payment=[made("pay", 82, 96, "s", "c", SERVER)],
    )
    summary = assembled(found)
    assert list(summary.edges) == [EdgeKey(CHECKOUT, PAYMENT)]
    assert own_time(summary.services[CHECKOUT].operations["Client.charge"]) == pytest.approx(82, rel=0.05)


def test_a_call_that_says_it_is_internal_is_one() -> None:
    query = made("SELECT", 0, 10, "q", peer="orders-db")
    query.attributes.append(attribute("db.system", "mysql"))
    summary = assembled(rows(payment=[query, made("note", 0, 10, "n", peer="payment")]))
    assert list(summary.edges) == [EdgeKey(PAYMENT, service_key("orders-db"), inferred=True)]


@pytest.mark.parametrize(("kind", "gap", "own"), [(CLIENT, 1, 0), (INTERNAL, 1, 0), (SERVER, 0, 1), (CONSUMER, 0, 1)])
def test_what_a_unit_of_work_spends_beside_its_only_call_is_its_own(
    kind: Span.SpanKind.ValueType, gap: int, own: int
) -> None:
    """Where callers' halves of calls are not sent."""
    summary = assembled(
        rows(checkout=[made("handle", 0, 100, "c", kind=kind)], payment=[made("pay", 70, 90, "s", "c", SERVER)])
    )
    assert summary.edges[EdgeKey(CHECKOUT, PAYMENT)].gap.count == gap
    assert summary.services[CHECKOUT].operations["handle"].self_time.count == own


def test_calls_of_others_whose_clocks_are_off_lie_within_their_caller() -> None:
    found = rows(
        checkout=[made("handle", 0, 100, "c", kind=SERVER)],
        payment=[made("pay", -70, -30, "s", "c", SERVER), made("pay", 75, 115, "r", "c", SERVER)],
    )
    assert own_time(assembled(found).services[CHECKOUT].operations["handle"]) == pytest.approx(20, rel=0.05)


def test_where_clocks_leave_nothing_of_it_its_own_time_is_not_known() -> None:
    found = rows(
        checkout=[made("handle", 0, 100, "c", kind=SERVER)],
        payment=[made("pay", -70, 0, "s", "c", SERVER), made("pay", 75, 115, "r", "c", SERVER)],
    )
    assert assembled(found).services[CHECKOUT].operations["handle"].self_time.count == 0
