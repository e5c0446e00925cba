"""What somebody outside asks for is no failure, whatever is written about it."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors.new_template import NewTemplate, NewTemplateConfig
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary, TemplateCount
from tests.analyzers.telemetry import CHECKOUT, ERROR, FRONTEND, NOON, SECOND, WARN

SCANNED = "GET /wp-login.php <*> ip=<*>"


def bucket(number: int, scanned: int, text: str = SCANNED, severity: int = WARN, asked: int = 0) -> Summary:
    """The same line at the entrance and behind it; both do what they always do, and `asked` of something else."""
    start = NOON + number * 5 * SECOND
    made = Summary(start, start + 5 * SECOND)
    for key in (FRONTEND, CHECKOUT):
        service = made.service(key)
        service.operations, service.spans = {"handle": OperationStats(calls=20, entries=20)}, 20
        if asked:
            service.operations["look"] = OperationStats(calls=asked, entries=asked)
        service.templates = {"done": TemplateCount("handled <*>", 20, max_severity=9)}
        if scanned:
            errors = scanned if severity >= ERROR else 0
            service.templates["odd"] = TemplateCount(text, scanned, errors, severity, start)
        service.records, service.severities = 20 + scanned, {9: 20, severity: scanned}
    made.edges[EdgeKey(FRONTEND, CHECKOUT)] = EdgeStats(calls=20)
    return made


def found(known: int, asked: int = 0, text: str = SCANNED, severity: int = WARN) -> set[str]:
    """Services in which many such lines are found, of which `known` came in every tenth bucket."""
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, known if number % 10 == 0 else 0, text, severity))
    detectors = (NewTemplate(NewTemplateConfig()), TemplateRate(TemplateRateConfig()))
    window = bucket(60, 15, text, severity, asked)
    return {item.service.name for each in detectors for item in each.detect(window, baseline)}


@pytest.mark.parametrize("known", [0, 1], ids=["never before", "more often"])
def test_requests_for_what_there_is_not_are_no_failure_where_they_come_in(known: int) -> None:
    assert found(known) == {"checkout"}


@pytest.mark.parametrize("known", [0, 1], ids=["never before", "more often"])
@pytest.mark.parametrize(("text", "severity"), [("session of <*> is not valid", WARN), (SCANNED, ERROR)])
def test_other_warnings_and_errors_are(known: int, text: str, severity: int) -> None:
    assert found(known, text=text, severity=severity) == {"frontend", "checkout"}


@pytest.mark.parametrize(("asked", "explained"), [(8, False), (30, True)])
def test_nor_are_warnings_about_as_many_requests_of_a_kind_that_is_not_usual(asked: int, explained: bool) -> None:
    assert found(0, asked, text="page of <*> is not known") == ({"checkout"} if explained else {"frontend", "checkout"})


@pytest.mark.parametrize(("text", "missing"), [('<*> - - "POST /<*> HTTP/<*>" <*>', False), ("posted <*>", True)])
def test_nor_is_it_missed_where_no_spans_tell_what_is_asked_for(text: str, missing: bool) -> None:
    def served(number: int, posted: int) -> Summary:
        made = Summary(NOON + number * 5 * SECOND, NOON + (number + 1) * 5 * SECOND)
        service = made.service(FRONTEND)
        service.templates = {"other": TemplateCount("handled <*>", 60 - posted, max_severity=9)}
        if posted:
            service.templates["post"] = TemplateCount(text, posted, max_severity=9)
        service.records, service.severities = 60, {9: 60}
        return made

    baseline = Baseline()
    for number in range(60):
        baseline.learn(served(number, 20))
    found = TemplateRate(TemplateRateConfig()).detect(served(60, 0), baseline)
    assert ["post" for item in found if item.surprise < 0] == ["post"] * missing
