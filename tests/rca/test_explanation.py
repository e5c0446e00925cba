"""A diagnosis in words."""

import pytest

from rca.explanation import diagnose
from rca.rules import load_rules
from tests.rca.findings import CATALOG, CHECKOUT, FRONTEND, MAIL, NOON, PAYMENT, SECOND, SHOP, finding, graph, log

RULES = load_rules()


def test_names_cause_path_and_time() -> None:
    found = [finding(PAYMENT, "self_time", 40.0, pod="payment-1", onset=NOON), finding(CHECKOUT, "new_template", 6.0)]
    made = diagnose(found, SHOP, RULES, NOON + 15 * SECOND)
    assert made.root_causes[0].service == PAYMENT
    assert "payment" in made.summary
    assert "payment -> checkout" in made.summary
    assert "payment-1" in made.summary
    assert "2025-06-15 12:00:00 UTC" in made.summary
    assert made.graph == SHOP
    assert made.diagnose_unix_nano == NOON + 15 * SECOND
    assert made.inconclusive_reason == ""


def test_what_is_said_is_measured() -> None:
    """Every description in the summary belongs to evidence of the best candidate."""
    found = [finding(PAYMENT, kind, 30.0) for kind in ("self_time", "span_errors", "new_template", "error_share")]
    made = diagnose(found, SHOP, RULES, NOON)
    described = [item.description for item in made.root_causes[0].evidence]
    assert sum(text[1:] in made.summary for text in described) >= 1


def test_nothing_departs() -> None:
    made = diagnose([], SHOP, RULES, NOON)
    assert (made.root_causes, made.ruled_out, made.remediation_steps) == ((), (), ())
    assert made.inconclusive_reason
    assert made.summary.startswith("Inconclusive: ")


def test_thin_evidence_is_said_to_be_thin() -> None:
    made = diagnose([finding(PAYMENT, "throughput", -1.0)], SHOP, RULES, NOON)
    assert "thin evidence" in made.inconclusive_reason
    assert made.summary.startswith("Inconclusive: ")


def test_two_that_cannot_be_told_apart() -> None:
    made = diagnose([finding(MAIL), finding(CATALOG)], graph(), RULES, NOON)
    assert "catalog and mail" in made.inconclusive_reason


def test_runners_up_are_ruled_out_with_a_reason() -> None:
    found = [finding(PAYMENT, "span_errors", 60.0)]
    found += [finding(item, "error_share", 20.0) for item in (CHECKOUT, FRONTEND)]
    made = diagnose(found, SHOP, RULES, NOON)
    assert {item.service for item in made.ruled_out} == {CHECKOUT, FRONTEND}
    reasons = {item.service: item.reason for item in made.ruled_out}
    assert "payment" in reasons[CHECKOUT]
    assert all(reasons.values())


def test_steps_begin_with_what_the_errors_call_for() -> None:
    shown = (log("java.lang.OutOfMemoryError: Java heap space"),)
    made = diagnose([finding(PAYMENT, "new_template", 20.0, exemplars=shown)], SHOP, RULES, NOON)
    assert made.remediation_steps[0] == RULES[0].steps[0]
    assert len(made.remediation_steps) == len(set(made.remediation_steps)) <= 6


@pytest.mark.parametrize(
    ("detector", "surprise"),
    [
        ("self_time", 20.0),
        ("edge_gap", 20.0),
        ("span_errors", 20.0),
        ("error_share", 20.0),
        ("new_template", 20.0),
        ("template_rate", 20.0),
        ("template_rate", -20.0),
        ("edge_calls", 20.0),
        ("edge_calls", -20.0),
        ("throughput", -20.0),
    ],
)
def test_every_signal_calls_for_a_step(detector: str, surprise: float) -> None:
    made = diagnose([finding(PAYMENT, detector, surprise)], SHOP, RULES, NOON)
    assert made.remediation_steps
    assert all("{" not in step and "payment" in step for step in made.remediation_steps)


@pytest.mark.parametrize("text", ["{service} {0} {operation.__class__}", "%s %n", "</script><b>", ""])
def test_texts_of_others_are_only_quoted(text: str) -> None:
    shown = (log(text or "x"),)
    made = diagnose([finding(PAYMENT, "new_template", 20.0, subject=text, exemplars=shown)], SHOP, RULES, NOON)
    assert made.root_causes[0].service == PAYMENT
    assert text in made.root_causes[0].hypothesis
    assert text not in made.remediation_steps


def test_a_second_fault_is_not_said_to_be_ruled_out() -> None:
    """Neither calls the other, and each shows what only it can show."""
    found = [finding(PAYMENT, "span_errors", 60.0), finding(CATALOG, "self_time", 20.0)]
    made = diagnose(found, graph((CHECKOUT, PAYMENT), (FRONTEND, CATALOG)), RULES, NOON)
    assert made.root_causes[0].service == PAYMENT
    assert made.ruled_out == ()
    assert "neither calls the other: catalog is not ruled out" in made.summary


@pytest.mark.parametrize(("detector", "surprise"), [("error_share", 40.0), ("self_time", 2.5)])
def test_noise_elsewhere_is_no_second_fault(detector: str, surprise: float) -> None:
    found = [finding(PAYMENT, "span_errors", 60.0), finding(CATALOG, detector, surprise)]
    made = diagnose(found, graph((CHECKOUT, PAYMENT), (FRONTEND, CATALOG)), RULES, NOON)
    assert [item.service for item in made.ruled_out] == [CATALOG]
    assert "second fault" not in made.summary


def test_whom_the_first_calls_is_no_second_fault() -> None:
    found = [finding(CHECKOUT, "self_time", 60.0), finding(PAYMENT, "self_time", 20.0)]
    assert [item.service for item in diagnose(found, SHOP, RULES, NOON).ruled_out] == [PAYMENT]
