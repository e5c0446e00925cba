"""What was changed shortly before, as evidence."""

from dataclasses import replace

import pytest

from analyzers.changes import GRACE, Change, ChangeKind
from rca.changed import blamed_change
from rca.explanation import diagnose
from rca.ranking import rank
from rca.rules import load_rules
from tests.rca.findings import CHECKOUT, MAIL, NOON, PAYMENT, SECOND, SHOP, finding, graph, log


def version(at: int) -> Change:
    return Change(ChangeKind.VERSION, "1.0", "1.1", at)


@pytest.mark.parametrize(
    ("at", "blamed"),
    [
        (NOON, True),
        (NOON - GRACE, True),
        (NOON - GRACE - 1, False),
        # The onset is the start of a window: the change may well have come before what was found in it.
        (NOON + 30 * SECOND, True),
        (NOON + 31 * SECOND, False),
    ],
)
def test_a_fault_that_begins_in_the_time_of_grace_may_come_of_it(at: int, blamed: bool) -> None:
    assert (blamed_change([version(at)], [finding()]) is not None) == blamed


def test_a_record_tells_the_onset_better_than_its_window() -> None:
    exact = finding(onset=NOON + SECOND)
    assert blamed_change([version(NOON + 11 * SECOND)], [exact]) is not None
    assert blamed_change([version(NOON + 12 * SECOND)], [exact]) is None


def test_of_two_alike_the_changed_one_is_first() -> None:
    found = [finding(MAIL, surprise=12.0), finding(PAYMENT, surprise=12.0)]
    assert rank(found, graph())[0].service == MAIL
    first = rank(found, graph(), changes={PAYMENT: [version(NOON - 12 * SECOND)]})[0]
    assert first.service == PAYMENT
    [evidence] = [item for item in first.evidence if item.signal == "change"]
    assert evidence.contribution > 0
    assert evidence.description == "version 1.0 -> 1.1, 12 s before it departed from normal"


def test_a_change_is_no_candidate_by_itself() -> None:
    found = [finding(PAYMENT, surprise=12.0)]
    ranked = rank(found, SHOP, changes={CHECKOUT: [version(NOON)]})
    assert [item.service for item in ranked] == [PAYMENT]
    assert ranked == rank(found, SHOP)


def test_new_wording_of_a_changed_service_is_explained() -> None:
    found = [finding(MAIL, "new_template", 12.0), finding(PAYMENT, "new_template", 11.0)]
    ranked = rank(found, graph(), changes={MAIL: [version(NOON)]})
    assert [item.service for item in ranked] == [PAYMENT, MAIL]
    against = [item for item in ranked[1].evidence if item.contribution < 0]
    assert [item.signal for item in against] == ["explained_by_change"]


def test_new_errors_of_a_changed_service_are_not() -> None:
    error = finding(MAIL, "new_template", 12.0, exemplars=(log("no currency code"),))
    first = rank([error, finding(PAYMENT, "new_template", 12.5)], graph(), changes={MAIL: [version(NOON)]})[0]
    assert first.service == MAIL


def test_a_caller_that_others_explain_gains_little() -> None:
    """Both were deployed; only one is broken."""
    found = [finding(PAYMENT, "span_errors", 20.0), finding(CHECKOUT, "error_share", 30.0)]
    both = {service: [version(NOON)] for service in (PAYMENT, CHECKOUT)}
    ranked = rank(found, SHOP, changes=both)
    gains = {item.service: e.contribution for item in ranked for e in item.evidence if e.signal == "change"}
    assert ranked[0].service == PAYMENT
    assert gains[CHECKOUT] < gains[PAYMENT] / 2


def test_the_diagnosis_says_what_was_changed_and_what_to_do() -> None:
    made = diagnose([finding()], SHOP, load_rules(), NOON, changes={PAYMENT: [version(NOON - 5 * SECOND)]})
    assert "version 1.0 -> 1.1, 5 s before" in made.summary
    assert any("Undo the last change of payment" in step for step in made.remediation_steps)
    assert "version" not in diagnose([finding()], SHOP, load_rules(), NOON).summary


def test_the_newest_of_several_is_blamed() -> None:
    older, newer = version(NOON - 100 * SECOND), replace(version(NOON - 10 * SECOND), before="1.1", after="1.2")
    assert blamed_change([newer, older], [finding()]) == newer
