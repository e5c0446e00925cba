"""Where there are no spans, what the errors of a service always say tells whom it calls."""

from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from rca.diagnosis import RootCause
from rca.explanation import diagnose
from rca.gaps import completed
from rca.graph import ServiceGraph, build_graph
from rca.ranking import rank
from rca.rules import load_rules
from rca.tracker import diagnosed
from tests.rca.findings import CHECKOUT, FRONTEND, LEDGER, NOON, PAYMENT, SECOND, finding, log
from tests.rca.store.incidents import incident

ALL = (FRONTEND, CHECKOUT, PAYMENT, LEDGER)


def logging(*traced: ServiceKey) -> ServiceGraph:
    """Everybody logs; these send spans as well."""
    made = Summary(NOON, NOON + 15 * SECOND)
    for service in ALL:
        made.service(service).records = 90
        made.service(service).spans = 90 if service in traced else 0
    return build_graph(made)


def error(
    service: ServiceKey, text: str, surprise: float = 30.0, severity: int = 17, detector: str = "new_template"
) -> Anomaly:
    return finding(service, detector, surprise, subject=text, exemplars=(log(text, severity),))


TIMEOUT = error(CHECKOUT, "call of payment: no answer within <*>")


def by_service(*found: Anomaly, graph: ServiceGraph | None = None) -> dict[ServiceKey, RootCause]:
    """Best first."""
    return {cause.service: cause for cause in rank(found, graph or logging())}


def test_one_that_shows_nothing_is_blamed_where_errors_of_others_name_it() -> None:
    causes = by_service(TIMEOUT)
    assert list(causes) == [PAYMENT, CHECKOUT]
    first = causes[PAYMENT]
    assert first.hypothesis == f'payment does not answer as it should: checkout logs "{TIMEOUT.subject}"'
    assert first.evidence[0].anomaly_ids == (TIMEOUT.anomaly_id,)
    assert first.confidence < 0.8, "somebody else's word is not as good as what was seen"
    (against,) = (item for item in causes[CHECKOUT].evidence if item.contribution < 0)
    assert against.description == f'its errors name payment: "{TIMEOUT.subject}"'


def test_whoever_is_named_and_names_another_passes_it_on() -> None:
    causes = by_service(
        TIMEOUT,
        error(FRONTEND, "checkout answered 502, giving up", 60.0),
        error(PAYMENT, "connection to ledger: reset", 20.0),
    )
    assert next(iter(causes)) == LEDGER
    assert not any(item.signal == "named_in_errors" for item in causes[CHECKOUT].evidence)


def test_what_it_shows_itself_says_more_than_what_others_say() -> None:
    causes = by_service(TIMEOUT, error(PAYMENT, "disk is full", 5.0))
    assert next(iter(causes)) == PAYMENT
    assert "disk is full" in causes[PAYMENT].hypothesis
    assert causes[PAYMENT].score == pytest.approx(by_service(TIMEOUT)[PAYMENT].score), "and is not counted twice"
    causes = by_service(TIMEOUT, error(PAYMENT, "disk is full"))
    assert not any(item.signal == "named_in_errors" for item in causes[PAYMENT].evidence)


@pytest.mark.parametrize(
    "item",
    [
        error(CHECKOUT, "call of <*>: no answer within <*>"),
        error(CHECKOUT, "payment of <*> refused by payments", severity=9),
        error(CHECKOUT, "repayment-service: no answer"),
        error(CHECKOUT, "call of PAYMENT failed"),
        error(CHECKOUT, "NullPointerException while processing payment <*>"),
        error(CHECKOUT, "request of frontend to payment timed out"),
        error(CHECKOUT, "checkout failed"),
        error(CHECKOUT, "call of payment failed", detector="error_share"),
        replace(TIMEOUT, detector="template_rate", surprise=-30.0),
    ],
    ids=[
        "varies",
        "no trouble",
        "part of a word",
        "another name",
        "a word",
        "several",
        "itself",
        "no template",
        "became rarer",
    ],
)
def test_nobody_is_blamed_for_less(item: Anomaly) -> None:
    assert list(by_service(item)) == [CHECKOUT]


@pytest.mark.parametrize("traced", [CHECKOUT, PAYMENT])
def test_where_there_are_spans_they_tell(traced: ServiceKey) -> None:
    assert list(by_service(TIMEOUT, graph=logging(traced))) == [CHECKOUT]


@pytest.mark.parametrize("text", ["调用payment超时：<*>", "call of payment.shop.svc failed", "payment? no answer!"])
def test_names_are_found_wherever_they_stand(text: str) -> None:
    assert next(iter(by_service(error(CHECKOUT, text)))) == PAYMENT


def test_one_that_fell_silent_is_known_by_that() -> None:
    """Nothing of it is left in the window."""
    made = Summary(NOON, NOON + 15 * SECOND)
    made.service(CHECKOUT).records = 90
    silent = finding(PAYMENT, "throughput", -9.0)
    assert next(iter(by_service(TIMEOUT, silent, graph=build_graph(made)))) == PAYMENT


def test_those_who_name_each_other_are_as_good_as_each_other() -> None:
    causes = by_service(TIMEOUT, error(PAYMENT, "checkout hung up", 29.0))
    assert next(iter(causes)) == CHECKOUT
    assert not any(item.signal == "named_in_errors" for cause in causes.values() for item in cause.evidence)


def test_it_is_told_where_that_comes_from_and_what_to_do() -> None:
    made = diagnose([TIMEOUT], logging(), load_rules(), NOON)
    told = completed(made, lambda service: 86_400 * SECOND)
    assert "that it is payment is what the errors of others say" in told.summary
    assert told.remediation_steps[0].startswith("Check that payment runs and can be reached")


def test_whoever_is_blamed_is_one_of_its_services_though_it_shows_nothing() -> None:
    opened = replace(incident(), services=(CHECKOUT,))
    made = diagnosed(opened, diagnose([TIMEOUT], logging(), (), NOON), [TIMEOUT])
    assert made.root_cause == PAYMENT
    assert made.services == tuple(sorted((CHECKOUT, PAYMENT)))
    hint = finding(LEDGER, "self_time", 1.0)
    assert diagnosed(opened, diagnose([hint], logging(), (), NOON), []).services == (CHECKOUT,)
