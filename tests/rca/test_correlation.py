"""Which anomalies belong together."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from analyzers.anomaly import Anomaly
from rca.correlation import belongs, group
from rca.graph import Topology
from tests.rca.findings import ALL, CATALOG, CHECKOUT, FRONTEND, LEDGER, MAIL, PAYMENT, SHOP, finding

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
