"""Errors are counted for the work done, whatever it consists of."""

from analyzers.baseline import Baseline
from analyzers.detectors.error_share import ErrorShare, ErrorShareConfig
from analyzers.summary import OperationStats, Summary, TemplateCount
from tests.analyzers.telemetry import NOON, PAYMENT, SECOND

BUCKET = 5 * SECOND


def bucket(number: int, entries: dict[str, int], errors: int) -> Summary:
    made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
    service = made.service(PAYMENT)
    service.operations = {name: OperationStats(calls=count, entries=count) for name, count in entries.items()}
    service.spans = sum(entries.values())
    service.templates = {"failed": TemplateCount("charge failed", errors, errors, 17)} if errors else {}
    service.records = errors
    service.severities = {17: errors} if errors else {}
    return made


def test_a_few_requests_of_a_kind_that_is_rare_excuse_no_errors() -> None:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, {"charge": 300} | ({"report": 1} if number % 12 == 0 else {}), errors=6))
    (item,) = ErrorShare(ErrorShareConfig()).detect(bucket(61, {"charge": 300, "report": 20}, errors=120), baseline)
    assert item.surprise > 6
