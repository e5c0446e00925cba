"""Whose the time lost between two services is, and whose the work not done."""

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.ranking import rank
from tests.rca.findings import CALLS, CATALOG, CHECKOUT, FRONTEND, MAIL, PAYMENT, finding, graph

GRAPH = graph(*CALLS, (CHECKOUT, MAIL), (CHECKOUT, CATALOG))


def gap(client: ServiceKey, server: ServiceKey, surprise: float = 40.0) -> Anomaly:
    return finding(server, "edge_gap", surprise, peer=client, subject=f"{client.name} -> {server.name}")


def test_a_caller_that_loses_time_on_the_way_to_most_it_calls_is_slow_itself() -> None:
    causes = rank([gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)], GRAPH)
    assert causes[0].service == CHECKOUT
    assert "itself is slow" in causes[0].hypothesis
    assert {item.signal for item in causes[0].evidence} == {"outgoing_gaps"}
    for cause in causes[1:]:
        assert any(item.signal == "explained_by_caller" and item.contribution < 0 for item in cause.evidence)
        assert cause.score < causes[0].score


def test_one_slow_way_of_three_is_the_callee() -> None:
    causes = rank([gap(CHECKOUT, PAYMENT)], GRAPH)
    assert [cause.service for cause in causes] == [PAYMENT]
    assert all(item.contribution > 0 for item in causes[0].evidence)


def test_a_callee_that_others_lose_time_on_as_well_stays_guilty() -> None:
    found = [gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)] + [gap(FRONTEND, CATALOG, 80.0)]
    causes = rank(found, GRAPH)
    catalog = next(cause for cause in causes if cause.service == CATALOG)
    assert all(item.contribution > 0 for item in catalog.evidence)


def test_idleness_is_explained_by_a_caller_in_trouble_and_counts_without_one() -> None:
    alone = rank([finding(MAIL, "throughput", -12.0)], GRAPH)
    assert alone[0].service == MAIL
    beside = rank([finding(MAIL, "throughput", -12.0), finding(CHECKOUT, "span_errors", 12.0)], GRAPH)
    assert beside[0].service == CHECKOUT
    mail = next(cause for cause in beside if cause.service == MAIL)
    assert mail.score < alone[0].score / 2
    assert any(item.signal == "explained_by_caller" for item in mail.evidence)


def test_contributions_still_add_up() -> None:
    found = [gap(CHECKOUT, item) for item in (PAYMENT, MAIL, CATALOG)] + [finding(MAIL, "throughput", -12.0)]
    for cause in rank(found, GRAPH):
        assert cause.score == sum(item.contribution for item in cause.evidence)
