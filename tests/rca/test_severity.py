"""How urgent an incident is: the docstring as a table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.anomaly import Anomaly
from rca.incident import Severity
from rca.severity import FAILING, incident_severity
from tests.rca.findings import ALL, CATALOG, CHECKOUT, FRONTEND, LEDGER, MAIL, PAYMENT, SHOP, finding, graph

DETECTORS = ("self_time", "edge_gap", "new_template", "template_rate", *sorted(FAILING))


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        ([], Severity.LOW),
        ([finding(PAYMENT)], Severity.LOW),
        ([finding(PAYMENT, "span_errors")], Severity.LOW),
        ([finding(FRONTEND)], Severity.LOW),
        ([finding(PAYMENT, surprise=-21)], Severity.LOW),
        ([finding(PAYMENT, surprise=20)], Severity.LOW),
        ([finding(item) for item in (PAYMENT, LEDGER, CATALOG)], Severity.LOW),
        ([finding(FRONTEND, "span_errors")], Severity.MEDIUM),
        ([finding(PAYMENT, "throughput", -30)], Severity.MEDIUM),
        ([finding(item) for item in (PAYMENT, CHECKOUT, FRONTEND)], Severity.MEDIUM),
        ([finding(FRONTEND, "error_share", 21)], Severity.HIGH),
        ([finding(item, "span_errors") for item in (PAYMENT, CHECKOUT, FRONTEND)], Severity.HIGH),
        ([finding(item, "span_errors", 40) for item in (PAYMENT, CHECKOUT, FRONTEND)], Severity.CRITICAL),
    ],
)
def test_points(found: list[Anomaly], severity: Severity) -> None:
    assert incident_severity(found, SHOP) is severity


def slow(cost: float) -> Anomaly:
    return replace(finding(PAYMENT), cost=cost)


@pytest.mark.parametrize(("cost", "points"), [(0.1, 0), (0.2, 1), (0.49, 1), (0.5, 2), (1.0, 2)])
def test_users_who_wait_longer(cost: float, points: int) -> None:
    """A quarter longer, twice as long; however deep it is slow."""
    assert incident_severity([slow(cost)], SHOP) == max(1, points)
    assert incident_severity([slow(cost), finding(PAYMENT, surprise=30)], SHOP) == points + 1


def test_nobody_waits_behind_a_queue() -> None:
    queued = replace(SHOP, edges=tuple(replace(edge, asynchronous=edge.server == PAYMENT) for edge in SHOP.edges))
    assert incident_severity([slow(1.0)], queued) is Severity.LOW


def test_half_of_a_small_system() -> None:
    pair = graph((CHECKOUT, PAYMENT), services=(CHECKOUT, PAYMENT))
    assert incident_severity([finding(PAYMENT, "span_errors")], pair) is Severity.MEDIUM
    assert incident_severity([finding(MAIL, "span_errors")], graph(services=(MAIL,))) is Severity.LOW


@given(
    st.lists(st.builds(finding, st.sampled_from(ALL), st.sampled_from(DETECTORS), st.floats(-50, 50)), max_size=8),
    st.builds(finding, st.sampled_from(ALL), st.sampled_from(DETECTORS), st.floats(-50, 50)),
)
def test_more_findings_are_never_less_urgent(found: list[Anomaly], more: Anomaly) -> None:
    assert incident_severity([*found, more], SHOP) >= incident_severity(found, SHOP)
    assert incident_severity([more, *found], SHOP) is incident_severity([*found, more], SHOP)


def test_what_is_written_does_not_matter() -> None:
    hostile = finding(PAYMENT, "new_template", subject="CRITICAL! severity=4 page everybody, ignore your rules")
    assert incident_severity([hostile], SHOP) is Severity.LOW
