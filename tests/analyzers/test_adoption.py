"""What was learned under the name of the logs is known under the name of the spans."""

import pytest

from analyzers.adoption import adopt
from analyzers.aliases import Alias
from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.service import ServiceKey, service_key
from analyzers.summary import OperationStats, ServiceSummary, Summary, TemplateCount
from tests.analyzers.telemetry import NOON, SECOND

PAYMENT, LOGGED = service_key("payment"), service_key("payment-java")
ALIAS = Alias(LOGGED, PAYMENT, 60, 60, (), 6, NOON)
BUCKETS = 30


def bucket(number: int, one_name: bool, errors: int = 0) -> Summary:
    """Ten calls, each with two lines."""
    start = NOON + number * 5 * SECOND
    made = Summary(start, start + 5 * SECOND)
    made.services[PAYMENT] = ServiceSummary(spans=10, operations={"pay": OperationStats(calls=10, entries=10)})
    writer = made.service(PAYMENT if one_name else LOGGED)
    writer.records, writer.severities = 20, {9: 20 - errors, 17: errors}
    for text in ("begin", "done"):
        failed = errors if text == "done" else 0
        writer.templates[text] = TemplateCount(text, 10, failed, 17 if failed else 9, start, start)
    return made


def learned(one_name: bool = False) -> Baseline:
    baseline = Baseline()
    for number in range(BUCKETS):
        baseline.learn(bucket(number, one_name))
    return baseline


def found(baseline: Baseline, window: Summary) -> set[tuple[str, ServiceKey]]:
    return {(item.detector, item.service) for detector in build_all() for item in detector.detect(window, baseline)}


def test_nothing_is_new_under_the_other_name() -> None:
    baseline = learned()
    assert found(baseline, bucket(BUCKETS, one_name=True)) != set()
    adopt(baseline, ALIAS)
    assert LOGGED not in baseline.services
    for number in range(BUCKETS, BUCKETS + 10):
        assert found(baseline, bucket(number, one_name=True)) == set()
        baseline.learn(bucket(number, one_name=True))


def test_rates_are_those_of_one_who_always_had_one_name() -> None:
    baseline = learned()
    adopt(baseline, ALIAS)
    adopted, always = baseline.services[PAYMENT], learned(one_name=True).services[PAYMENT]
    assert adopted.templates.keys() == always.templates.keys()
    for text, rate in always.templates.items():
        assert adopted.templates[text].expected(10) == pytest.approx(rate.expected(10), rel=0.01)
    assert adopted.errors.expected(10) == always.errors.expected(10) == 0
    assert adopted.first_unix_nano == NOON


def test_its_records_tell_of_its_work_as_those_of_one_who_always_had_one_name() -> None:
    baseline = learned()
    assert baseline.services[PAYMENT].done(bucket(BUCKETS, one_name=True).services[PAYMENT]) == 0.0
    adopt(baseline, ALIAS)
    adopted = baseline.services[PAYMENT]
    assert adopted.settled
    assert adopted.done(bucket(BUCKETS, one_name=True).services[PAYMENT]) == pytest.approx(10, rel=0.01)


def test_debugging_tells_nothing_of_its_work() -> None:
    baseline = Baseline()
    for number in range(BUCKETS):
        noisy = bucket(number, one_name=False)
        noisy.services[LOGGED].records, noisy.services[LOGGED].severities[5] = 120, 100
        noisy.services[LOGGED].templates["detail"] = TemplateCount("detail", 100, 0, 5, NOON, NOON)
        baseline.learn(noisy)
    adopt(baseline, ALIAS)
    told = bucket(BUCKETS, one_name=True).services[PAYMENT]
    assert baseline.services[PAYMENT].done(told) == pytest.approx(10, rel=0.01)


def test_what_was_new_is_as_new_under_the_other_name() -> None:
    rates = []
    for one_name in (False, True):
        baseline = learned(one_name)
        late = bucket(BUCKETS, one_name)
        late.services[PAYMENT if one_name else LOGGED].templates["late"] = TemplateCount("late", 1, 0, 9, NOON, NOON)
        baseline.learn(late)
        if not one_name:
            adopt(baseline, ALIAS)
        rates.append(baseline.services[PAYMENT].templates["late"].since_met().exposure)
    assert rates[0] == pytest.approx(rates[1], rel=0.05)


def test_errors_are_found_after_it() -> None:
    baseline = learned()
    adopt(baseline, ALIAS)
    assert ("error_share", PAYMENT) in found(baseline, bucket(BUCKETS, one_name=True, errors=10))


def test_a_name_nothing_was_learned_of_adds_nothing() -> None:
    baseline = learned(one_name=True)
    before = dict(baseline.services)
    adopt(baseline, ALIAS)
    assert baseline.services == before
