"""Who is told to log less goes on working; whose work is cut short goes on logging what comes before."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import OperationStats, Summary, TemplateCount
from tests.analyzers.telemetry import NOON, PAYMENT, SECOND

BUCKET = 5 * SECOND


def bucket(number: int, counts: dict[str, int]) -> Summary:
    """Ten calls, and what they write."""
    start = NOON + number * BUCKET
    made = Summary(start, start + BUCKET)
    service = made.service(PAYMENT)
    service.operations, service.spans = {"pay": OperationStats(calls=10, entries=10, templates=counts)}, 10
    service.templates = {text: TemplateCount(text, count, 0, 9) for text, count in counts.items() if count}
    service.records = sum(counts.values())
    service.severities = {9: service.records}
    return made


def stopped(usual: dict[str, int], now: dict[str, int]) -> set[str]:
    baseline = Baseline()
    for number in range(40):
        baseline.learn(bucket(number, usual))
    found = TemplateRate(TemplateRateConfig()).detect(bucket(41, now), baseline)
    return {item.template_id for item in found if item.surprise < 0}


def test_nothing_stopped_where_nothing_is_logged_any_more() -> None:
    assert stopped({"begin": 10, "charged": 10, "done": 10}, {}) == set()
    # Or where next to nothing is: the window holds the end of it.
    assert stopped({"begin": 10, "charged": 10, "done": 10}, {"begin": 2, "charged": 2, "done": 1}) == set()


@pytest.mark.parametrize(
    ("usual", "now", "missing"),
    [
        ({"begin": 10, "charged": 10, "done": 10}, {"begin": 10}, {"charged", "done"}),
        # Users asked for something else half of the time.
        ({"begin": 10, "charged": 10, "done": 10}, {"begin": 5, "charged": 5}, {"begin", "charged", "done"}),
        # One that is alone may be a step.
        ({"done": 10}, {}, {"done"}),
    ],
)
def test_what_comes_before_is_still_logged_where_work_is_cut_short(
    usual: dict[str, int], now: dict[str, int], missing: set[str]
) -> None:
    assert stopped(usual, now) == missing


def test_debugging_that_is_turned_off_is_not_missed() -> None:
    def talking(number: int, looked_up: int, severity: int) -> Summary:
        """Of a service without spans."""
        made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
        service = made.service(PAYMENT)
        service.templates = {"asked": TemplateCount("asked", 20, 0, 9)}
        if looked_up:
            service.templates["looked up"] = TemplateCount("looked up", looked_up, 0, severity)
        service.records, service.severities = 20 + looked_up, {9: 20, severity: looked_up}
        return made

    for severity, missing in ((5, []), (10, ["looked up"])):
        baseline = Baseline()
        for number in range(40):
            baseline.learn(talking(number, 20, severity))
        found = TemplateRate(TemplateRateConfig()).detect(talking(40, 0, severity), baseline)
        assert [item.template_id for item in found if item.surprise < 0] == missing
