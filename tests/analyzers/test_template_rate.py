"""Statements that go together, in a service with so little to do that one window says next to nothing."""

import math

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import OperationStats, Summary, TemplateCount, union
from tests.analyzers.telemetry import NOON, PAYMENT, SECOND

TEXTS = {"asked": "seat asked for <*>", "priced": "distance <*> time <*>"}
BOTH = pytest.mark.parametrize("traced", [True, False], ids=["by operation", "logs alone"])
# A bucket, as they are closed, and the number of them in a window.
BUCKET, WINDOW = 5 * SECOND, 3


def quiet_bucket(number: int, priced: float, traced: bool) -> Summary:
    """Two calls at most; of each item that a call asks for, `priced` is the share that is priced too."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    items = 2 * (1 + number * 7 % 4)
    calls = 1 + number % 2
    counts = {"asked": items, "priced": round(items * priced)}
    operation = OperationStats(calls=calls, entries=calls, templates=counts)
    if traced:
        service.operations, service.spans = {"query": operation}, calls
    service.templates = {key: TemplateCount(TEXTS[key], count) for key, count in operation.templates.items()}
    service.records = sum(operation.templates.values())
    service.severities = {9: service.records}
    return bucket


def watched(shares: list[float], traced: bool) -> list[list[Anomaly]]:
    """What each window shows, which is learned when it has passed."""
    baseline, detector = Baseline(), TemplateRate(TemplateRateConfig())
    buckets = [quiet_bucket(number, share, traced) for number, share in enumerate(shares)]
    found = []
    for number, bucket in enumerate(buckets):
        found.append(detector.detect(bucket, baseline))
        if number >= WINDOW:
            baseline.learn(buckets[number - WINDOW])
    return found


@BOTH
def test_half_of_what_always_came_with_it_shows_after_a_while_and_is_not_learned_as_normal(traced: bool) -> None:
    found = watched([1.0] * 24 + [0.5] * 20, traced)
    assert not any(found[:24])
    last = [item for item in found[-1] if item.template_id == "priced"]
    assert last
    assert last[0].surprise < -4.5
    assert "beside it" in last[0].description
    assert last[0].expected == 1.0
    assert last[0].observed == 0.5


@BOTH
def test_what_was_never_a_rule_is_none(traced: bool) -> None:
    found = watched([1.0, 1.0, 0.5] * 12 + [0.5] * 8, traced)
    assert not any(item.template_id == "priced" for each in found for item in each)


@BOTH
def test_once_they_come_together_again_nothing_is_left_of_it(traced: bool) -> None:
    found = watched([1.0] * 24 + [0.5] * 10 + [1.0] * 8, traced)
    assert any(found[24:34])
    assert not any(found[35:])


def spoken(number: int, load: float, share: float) -> Summary:
    """Of a service without spans: so many records a bucket, of which a share is of one template."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    other = round(load * share)
    service.templates = {
        "said": TemplateCount("said <*>", round(load) - other),
        "other": TemplateCount("other <*>", other),
    }
    service.records = round(load)
    service.severities = {9: service.records}
    return bucket


def said(seen: Summary) -> dict[str, float]:
    """What shows after eight minutes of a load that rises to 2.3 times itself and falls to a third and less."""
    baseline = Baseline()
    for number in range(96):
        baseline.learn(spoken(number, 400 * (1 + 0.7 * math.sin(number / 8)), 0.1))
    found = TemplateRate(TemplateRateConfig()).detect(seen, baseline)
    return {item.template_id: item.surprise for item in found}


def test_without_spans_load_that_varies_hides_no_template_that_falls() -> None:
    assert said(spoken(97, 640, 0.02))["other"] < -2.5


def test_without_spans_more_of_one_template_is_no_fall_of_another() -> None:
    baseline = Baseline()
    for number in range(96):
        baseline.learn(spoken(number, 400, 0.5))
    more = spoken(97, 800, 0.25)
    found = TemplateRate(TemplateRateConfig()).detect(more, baseline)
    assert not [item for item in found if item.surprise < 0]


def beating(number: int, work: int) -> Summary:
    """Of a service with spans: so much work in a bucket, and three pods that say that they live."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    service.operations, service.spans = {"query": OperationStats(calls=work, entries=work)}, work
    service.templates = {
        "beat": TemplateCount("alive, <*> connections", 3),
        "said": TemplateCount("said <*>", 10 * work),
    }
    service.records = 3 + 10 * work
    service.severities = {9: service.records}
    return bucket


def test_the_work_must_tell_much_better_than_the_clock_how_often_a_template_comes() -> None:
    """Both tell about as well, by chance the work a little better: four times the work makes no beat missing."""
    baseline = Baseline()
    for number in range(96):
        baseline.learn(beating(number, 12))
    known = baseline.services[PAYMENT]
    work, clock = known.templates["beat"], known.clocked["beat"]
    work.residuals, clock.residuals = 1.0 * work.buckets, 1.1 * clock.buckets
    busy = union([beating(number, 60) for number in range(96, 104)])
    assert not TemplateRate(TemplateRateConfig()).detect(busy, baseline)
    assert TemplateRate(TemplateRateConfig(clocked_by_work=1.0)).detect(busy, baseline), "or this proves nothing"


def running(number: int, job: bool, work: int = 20) -> Summary:
    """A job that logs a line each time it runs, once a bucket, beside the work that users ask for."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    service.operations = {"pay": OperationStats(calls=work, entries=work)}
    service.spans = work + job
    if job:
        service.operations["flush"] = OperationStats(calls=1, entries=1, templates={"flushed": 1})
        service.templates = {"flushed": TemplateCount("outbox flushed, <*> rows", 1)}
    service.records = int(job)
    service.severities = {9: int(job)}
    return bucket


def test_a_job_that_runs_by_the_clock_is_missed_while_other_work_goes_on() -> None:
    baseline, detector = Baseline(), TemplateRate(TemplateRateConfig())
    for number in range(60):
        baseline.learn(running(number, job=True))
    stretch = union(running(100 + number, job=number == 0) for number in range(24))
    (found,) = detector.detect(stretch, baseline)
    assert (found.template_id, found.unit) == ("flushed", "records per second")
    assert found.surprise < -4.0
    idle = union(running(100 + number, job=False, work=4) for number in range(24))
    assert not detector.detect(idle, baseline)


def test_without_spans_users_may_ask_for_more_of_one_thing_than_of_another() -> None:
    baseline, detector = Baseline(), TemplateRate(TemplateRateConfig())
    for number in range(60):
        baseline.learn(spoken(number, 400, 0.1))
    assert not detector.detect(spoken(100, 400, 0.2), baseline)
    assert detector.detect(spoken(100, 400, 0.9), baseline)


def chattering(number: int, extra: int) -> Summary:
    """Work that is always the same, and beside it so many lines that nothing says who wrote."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    service.operations, service.spans = {"pay": OperationStats(calls=20, entries=20)}, 20
    service.templates = {"paid": TemplateCount("paid <*>", 100)}
    if extra:
        service.templates["chat"] = TemplateCount("cache has <*> rows", extra)
    service.records = 100 + extra
    service.severities = {9: 100, 5: extra}
    return bucket


def test_what_is_new_does_not_rise_before_it_is_known_as_long_as_it_is_judged() -> None:
    """DEBUG was switched on: what a single bucket told of the new lines is no rate yet."""
    baseline, detector = Baseline(), TemplateRate(TemplateRateConfig())
    for number in range(60):
        baseline.learn(chattering(number, 0))
    baseline.learn(chattering(60, 1))
    stretch = union(chattering(61 + number, 30) for number in range(24))
    assert not detector.detect(stretch, baseline)
    for number in range(40):
        baseline.learn(chattering(61 + number, 3))
    (found,) = detector.detect(stretch, baseline)
    assert found.template_id == "chat"


def test_what_is_known_for_two_minutes_rises_in_five_as_well() -> None:
    baseline, detector = Baseline(), TemplateRate(TemplateRateConfig())
    for number in range(60):
        baseline.learn(chattering(number, 0))
    for number in range(24):
        baseline.learn(chattering(60 + number, 3))
    longer = union(chattering(84 + number, 30) for number in range(60))
    assert [item.template_id for item in detector.detect(longer, baseline)] == ["chat"]


def mailing(number: int, writes: bool, other: int = 7) -> Summary:
    """Of a service without spans: what users ask for, and what a job writes."""
    start = NOON + number * BUCKET
    bucket = Summary(start, start + BUCKET)
    service = bucket.service(PAYMENT)
    service.templates = {"asked": TemplateCount("asked for <*>", other + number % 3)}
    if writes:
        service.templates["mailed"] = TemplateCount("mailed <*>", 1, last_unix_nano=start + 4 * SECOND)
    service.records = sum(template.count for template in service.templates.values())
    service.severities = {9: service.records}
    return bucket


def overdue(quiet_before: int, silent: int, other: int = 7) -> list[str]:
    """What is found after as many buckets without the job, of a service that was known for a while before it."""
    baseline = Baseline()
    for number in range(-quiet_before, 60):
        baseline.learn(mailing(number, writes=number >= 0 and number % 3 == 0))
    stretch = union(mailing(60 + number, writes=not number, other=other) for number in range(silent + 1))
    return [item.description for item in TemplateRate(TemplateRateConfig()).detect(stretch, baseline)]


def test_a_job_that_writes_at_even_intervals_is_missed_soon_where_there_are_no_spans() -> None:
    (found,) = overdue(quiet_before=0, silent=14)
    assert found == '"mailed <*>" stopped: 1 records where 5.0 are usual for the time, one every 15 s'
    assert overdue(quiet_before=0, silent=4) == []


def test_who_asks_again_and_again_for_a_while_is_no_job() -> None:
    assert overdue(quiet_before=60, silent=14) == []


def test_a_job_is_not_missed_of_who_does_next_to_nothing() -> None:
    assert overdue(quiet_before=0, silent=14, other=1) == []
