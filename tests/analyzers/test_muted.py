"""Who is told to log less goes on working; whose work is cut short goes on logging what comes before."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import OperationStats, Summary, TemplateCount
from tests.analyzers.telemetry import NOON, PAYMENT, SECOND

BUCKET = 5 * SECOND


def bucket(number: int, counts: dict[str, int], last: int = 0) -> Summary:
    """Ten calls, and what they write, to the end or so long."""
    start = NOON + number * BUCKET
    made = Summary(start, start + BUCKET)
    service = made.service(PAYMENT)
    service.operations, service.spans = {"pay": OperationStats(calls=10, entries=10, templates=counts)}, 10
    service.templates = {
        text: TemplateCount(text, count, 0, 9, start, last or start + BUCKET - 1)
        for text, count in counts.items()
        if count
    }
    service.records = sum(counts.values())
    service.severities = {9: service.records}
    return made


def stopped(usual: dict[str, int], now: dict[str, int], last: int = 0) -> set[str]:
    baseline = Baseline()
    for number in range(40):
        baseline.learn(bucket(number, usual))
    found = TemplateRate(TemplateRateConfig()).detect(bucket(41, now, last and NOON + 41 * BUCKET + last), baseline)
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


@pytest.mark.parametrize(
    ("last", "told"), [(BUCKET // 2, set()), (BUCKET - SECOND // 10, {"begin", "charged", "done"})]
)
def test_logging_may_have_been_changed_within_the_window(last: int, told: set[str]) -> None:
    assert stopped({"begin": 10, "charged": 10, "done": 10}, {"begin": 5, "charged": 5, "done": 5}, last) == told


def test_nor_is_debugging_missed_where_no_spans_tell_of_the_work() -> None:
    def talking(number: int, debug: int) -> Summary:
        start = NOON + number * BUCKET
        made = Summary(start, start + BUCKET)
        service = made.service(PAYMENT)
        counts = {"asked": (20, 9), "looked up": (debug, 5), "cached": (debug, 5)}
        service.templates = {
            text: TemplateCount(text, count, 0, level, start, start) for text, (count, level) in counts.items() if count
        }
        service.records, service.severities = 20 + 2 * debug, {9: 20, 5: 2 * debug}
        return made

    baseline = Baseline()
    for number in range(40):
        baseline.learn(talking(number, 30))
    assert TemplateRate(TemplateRateConfig()).detect(talking(40, 0), baseline) == []
