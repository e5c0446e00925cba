"""What little there is of services that nothing speaks loudly of."""

from analyzers.anomaly import Anomaly
from rca.explanation import diagnose
from rca.hints import told
from rca.ranking import RankingSettings, rank
from tests.rca.findings import CHECKOUT, FRONTEND, LEDGER, MAIL, PAYMENT, SHOP, finding

WEAK = (finding(CHECKOUT, "edge_calls", -1.3, peer=PAYMENT), finding(LEDGER, "self_time", 0.8))


def names(*found: Anomaly) -> list[str]:
    return [cause.service.name for cause in rank(found, SHOP)]


def test_hints_come_behind_what_is_told_and_in_their_own_order() -> None:
    assert names(*WEAK, finding(MAIL, "self_time", 2.1)) == ["mail", "checkout", "ledger"]


def test_a_hint_changes_nothing_for_those_that_are_told() -> None:
    loud = [finding(PAYMENT, "self_time", 20.0), finding(FRONTEND, "error_share", 9.0)]
    alone = rank(loud, SHOP)
    beside = rank([*loud, *WEAK, finding(PAYMENT, "edge_gap", 1.9, peer=CHECKOUT)], SHOP)
    assert [(cause.service, cause.score, cause.evidence) for cause in beside[:2]] == [
        (cause.service, cause.score, cause.evidence) for cause in alone
    ]


def test_many_hints_count_as_the_strongest() -> None:
    one = rank([finding(MAIL, "self_time", 1.5, subject="a")], SHOP)[0]
    many = rank([finding(MAIL, "self_time", 1.5, subject=letter) for letter in "abc"], SHOP)[0]
    assert many.score == one.score


def test_a_diagnosis_of_hints_is_inconclusive_and_says_what_they_are() -> None:
    diagnosis = diagnose(WEAK, SHOP, (), 0)
    assert diagnosis.root_causes[0].service == CHECKOUT
    assert "thin evidence" in diagnosis.inconclusive_reason
    assert "a hint" in diagnosis.root_causes[0].evidence[0].description
    assert not diagnosis.root_causes[0].evidence[0].anomaly_ids


def test_told_are_those_at_least_as_surprising_as_the_settings_say() -> None:
    found = (*WEAK, finding(PAYMENT, "self_time", 2.0), finding(PAYMENT, "template_rate", -2.0))
    assert told(found) == found[2:]
    assert told(found, RankingSettings(told=0.5)) == found
