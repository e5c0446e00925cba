"""Which anomalies belong together."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.correlation import belongs, group, parted
from rca.graph import Topology
from tests.rca.findings import ALL, CATALOG, CHECKOUT, FRONTEND, LEDGER, MAIL, PAYMENT, SHOP, finding, graph

TOPOLOGY = Topology(SHOP)
DETECTORS = ("self_time", "edge_gap", "new_template", "template_rate", "error_share")
FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(ALL), st.sampled_from(DETECTORS), subject=st.sampled_from(["a", "b"])),
    max_size=12,
)


def test_along_calls() -> None:
    groups = group([finding(LEDGER), finding(CHECKOUT), finding(MAIL)], TOPOLOGY)
    assert [{item.service for item in found} for found in groups] == [{CHECKOUT, LEDGER}, {MAIL}]


def test_siblings_are_joined_by_an_affected_caller_alone() -> None:
    assert len(group([finding(PAYMENT), finding(CATALOG)], TOPOLOGY)) == 2
    assert len(group([finding(PAYMENT), finding(CATALOG), finding(FRONTEND)], TOPOLOGY)) == 1


def services_of(groups: list[tuple[Anomaly, ...]]) -> list[set[ServiceKey]]:
    return [{item.service for item in found} for found in groups]


def test_what_began_in_two_places_is_two_parts_and_who_calls_both_is_with_the_louder() -> None:
    found = [finding(PAYMENT), finding(CHECKOUT), finding(FRONTEND), finding(CATALOG, surprise=20.0)]
    assert services_of(parted(found, TOPOLOGY)) == [{CATALOG, FRONTEND}, {PAYMENT, CHECKOUT}]
    found = [finding(PAYMENT, surprise=30.0), *found[1:]]
    assert services_of(parted(found, TOPOLOGY)) == [{PAYMENT, CHECKOUT, FRONTEND}, {CATALOG}]


def test_along_one_path_there_is_one_part() -> None:
    found = (finding(PAYMENT), finding(CHECKOUT), finding(FRONTEND))
    assert parted(found, TOPOLOGY) == [found]


def test_nothing_begins_where_there_is_merely_less_to_do() -> None:
    found = (finding(CHECKOUT), finding(FRONTEND), finding(CATALOG, "throughput", -20.0))
    assert parted(found, TOPOLOGY) == [found]


def test_services_that_call_one_another_began_together() -> None:
    mutual = Topology(graph((PAYMENT, LEDGER), (LEDGER, PAYMENT)))
    found = (finding(PAYMENT), finding(LEDGER))
    assert services_of(parted(found, mutual)) == [{PAYMENT, LEDGER}]


@given(FINDINGS.filter(bool))
def test_parts_lose_nothing(findings: list[Anomaly]) -> None:
    for found in group(findings, TOPOLOGY):
        parts = parted(found, TOPOLOGY)
        assert sorted(item.anomaly_id for part in parts for item in part) == sorted(i.anomaly_id for i in found)
        assert all(parts)


def test_nothing() -> None:
    assert group([], TOPOLOGY) == []


@given(FINDINGS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_is_lost(findings: list[Anomaly], random: Random) -> None:
    groups = group(findings, TOPOLOGY)
    assert groups == group(random.sample(findings, len(findings)), TOPOLOGY)
    assert sorted(item.anomaly_id for found in groups for item in found) == sorted(item.anomaly_id for item in findings)
    services = [{item.service for item in found} for found in groups]
    assert sum(map(len, services)) == len(set().union(*services))


def test_belongs() -> None:
    assert belongs([finding(MAIL), finding(LEDGER)], [FRONTEND], TOPOLOGY)
    assert not belongs([finding(CATALOG)], [PAYMENT, LEDGER], TOPOLOGY)
    assert not belongs([], [PAYMENT], TOPOLOGY)
    assert not belongs([finding()], [], TOPOLOGY)
