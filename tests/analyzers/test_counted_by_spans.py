"""A service that writes before it has anything to do is counted by its work once that is traced."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import OperationStats, ServiceSummary, Summary, TemplateCount
from tests.analyzers.telemetry import CHECKOUT, NOON, PAYMENT, SECOND

# Until it is asked for anything, and in all.
STARTED, BUCKETS = 2, 60


def bucket(number: int, calls: int, lines: int) -> Summary:
    start = NOON + number * 5 * SECOND
    made = Summary(start, start + 5 * SECOND)
    # Another one, by which it shows that no other share of the traces is kept.
    made.services[CHECKOUT] = ServiceSummary(
        spans=10,
        records=10,
        severities={9: 10},
        templates={"asked": TemplateCount("asked", 10, max_severity=9)},
        operations={"ask": OperationStats(calls=10, entries=10)},
    )
    service = made.service(PAYMENT)
    service.records, service.severities = lines, {9: lines}
    service.templates = {"done": TemplateCount("done", lines, max_severity=9)}
    if calls:
        service.spans, service.operations = calls, {"pay": OperationStats(calls=calls, entries=calls)}
    return made


def learned(traced_every: int) -> ServiceBaseline:
    baseline = Baseline()
    for number in range(BUCKETS):
        traced = number >= STARTED and number % traced_every == 0
        baseline.learn(bucket(number, 5 + number % 4 if traced else 0, 2 * (5 + number % 4)))
    return baseline.services[PAYMENT]


def test_once_its_work_is_traced_again_and_again_that_is_what_it_is_counted_by() -> None:
    known = learned(traced_every=1)
    assert known.traced
    assert known.templates["done"].expected(10) == pytest.approx(20, rel=0.05)
    window = bucket(BUCKETS, 10, 20)
    assert known.usual_work(window) == pytest.approx(6.5, rel=0.1)
    assert known.settled


def test_a_job_now_and_then_is_not_all_it_does() -> None:
    known = learned(traced_every=12)
    assert not known.traced
    assert known.templates["done"].expected(100) == pytest.approx(100, rel=0.01)


def test_nothing_is_found_when_it_is_counted_otherwise_and_more_lines_for_the_work_are_then() -> None:
    baseline, detectors = Baseline(), build_all()
    for number in range(BUCKETS):
        calls = 5 + number % 4 if number >= STARTED else 0
        seen = bucket(number, calls, 2 * calls or 4)
        assert [item for each in detectors for item in each.detect(seen, baseline)] == []
        baseline.learn(seen)
    found = [item for each in detectors for item in each.detect(bucket(BUCKETS, 8, 64), baseline)]
    assert [(item.detector, item.subject) for item in found] == [("template_rate", "done")]
