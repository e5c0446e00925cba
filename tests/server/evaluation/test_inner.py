"""What in the service a candidate names, held against what the label names."""

from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.summary import Summary, TemplateCount
from clients.replay import Label
from rca.ranking import rank
from server.evaluation.inner import comparable, inner_rank, statements_of
from server.evaluation.scoring import Rank
from tests.rca.findings import CHECKOUT, LEDGER, NOON, PAYMENT, SECOND, SHOP, finding

STATEMENTS = {(PAYMENT, "id of paid"): frozenset({"Pay#40"}), (PAYMENT, "id of other"): frozenset({"Pay#7"})}
LABEL = Label((PAYMENT.name,), inner_label="Pay#31_Pay#40")


def ranked(*found: Anomaly, label: Label = LABEL, pods: int = 1) -> Rank | None:
    return inner_rank(rank(found, SHOP), found, STATEMENTS, label, pods)


def stopped(text: str, surprise: float = -20.0, pod: str = "") -> Anomaly:
    return finding(PAYMENT, "template_rate", surprise, subject=text, pod=pod)


def test_the_statement_that_convicts_is_one_of_the_label() -> None:
    assert ranked(stopped("paid")) == Rank(0, 0)
    assert ranked(stopped("other")) is None


def test_what_else_is_evidence_does_not_count() -> None:
    assert ranked(stopped("paid", -8.0), stopped("other", -9.0)) is None
    assert ranked(stopped("paid", -8.0), finding(PAYMENT, "self_time", 40.0)) is None


def test_ties_count_as_expected_values() -> None:
    rank = ranked(stopped("paid"), stopped("other"))
    assert rank is not None
    assert (rank.accuracy(1), rank.accuracy(5), rank.reciprocal) == (0.5, 0.5, 0.5)


def test_another_service_first_is_a_worse_rank_and_no_candidate_none() -> None:
    assert ranked(stopped("paid", -8.0), finding(LEDGER, "self_time", 40.0)) == Rank(1, 0)
    assert ranked(finding(LEDGER, "self_time", 40.0)) is None


@pytest.mark.parametrize(
    ("inner_label", "found", "right"),
    [
        ("CpuUsageRate(%)", finding(PAYMENT, "self_time", 20.0), True),
        ("CpuUsageRate(%)", finding(PAYMENT, "edge_gap", 20.0, peer=CHECKOUT), False),
        ("NetworkP90(ms)", finding(PAYMENT, "edge_gap", 20.0, peer=CHECKOUT), True),
        ("NetworkP90(ms)", finding(PAYMENT, "self_time", 20.0), False),
        ("MemoryUsage", finding(PAYMENT, "self_time", 20.0), False),
        ("Charge start_Pay#40", finding(PAYMENT, "span_errors", 20.0, subject="Charge"), True),
        ("Refund start_Pay#40", finding(PAYMENT, "span_errors", 20.0, subject="Charge"), False),
        ("money taken_money booked", finding(PAYMENT, "template_rate", -20.0, subject="<*> money booked"), True),
    ],
)
def test_labels(inner_label: str, found: Anomaly, right: bool) -> None:
    assert (ranked(found, label=replace(LABEL, inner_label=inner_label)) is not None) == right


def test_the_pod_has_to_be_right_too() -> None:
    label = replace(LABEL, root_cause_pod="payment-1")
    assert ranked(stopped("paid", pod="payment-1"), label=label, pods=3) == Rank(0, 0)
    assert ranked(stopped("paid", pod="payment-2"), label=label, pods=3) is None
    assert ranked(stopped("paid"), label=label, pods=3) is None
    assert ranked(stopped("paid"), label=label, pods=1) == Rank(0, 0)


def test_statements_are_read_off_the_examples() -> None:
    bucket = Summary(NOON, NOON + 5 * SECOND)
    example = LogExemplar(NOON, b"", b"", "paid 5", 9, "", "Pay#40")
    bucket.service(PAYMENT).templates["t"] = TemplateCount("paid <*>", 1, exemplars=(example,))
    assert statements_of([bucket, bucket]) == {(PAYMENT, "t"): frozenset({"Pay#40"})}


def test_without_logs_a_log_statement_can_not_be_named() -> None:
    assert comparable(LABEL, STATEMENTS)
    assert not comparable(LABEL, {})
    assert comparable(replace(LABEL, inner_label="NetworkP90(ms)"), {})
    assert not comparable(Label((PAYMENT.name,)), STATEMENTS)
