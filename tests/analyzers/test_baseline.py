"""What is learned as normal."""

from copy import deepcopy

import pytest

from analyzers.baseline import Baseline, system_work
from analyzers.changes import GRACE
from analyzers.detectors.base import Detector
from analyzers.detectors.new_template import NewTemplate, NewTemplateConfig
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import EdgeKey, Summary, TemplateCount
from analyzers.templates import template_of
from tests.analyzers.telemetry import (
    CHECKOUT,
    CLIENT,
    CRON,
    FRONTEND,
    NOON,
    PAYMENT,
    SECOND,
    Fault,
    Slice,
    closed,
    log_groups,
    record,
    span,
    span_groups,
    traffic,
)

BUCKETS = closed(traffic(60))


def learned(*buckets: Summary, empty: Baseline | None = None) -> Baseline:
    baseline = empty or Baseline()
    for bucket in buckets:
        baseline.learn(bucket)
    return baseline


def test_learning_changes_no_summary() -> None:
    before = deepcopy(BUCKETS)
    learned(*BUCKETS)
    assert before == BUCKETS


def test_the_same_input_learns_the_same() -> None:
    assert learned(*BUCKETS) == learned(*deepcopy(BUCKETS))


def test_rates_are_per_unit_of_work() -> None:
    baseline = learned(*BUCKETS)
    payment, cron = baseline.services[PAYMENT], baseline.services[CRON]
    assert (payment.traced, cron.traced) == (True, False)
    (template,) = payment.templates.values()
    assert template.expected(100) == pytest.approx(100, rel=0.05)
    assert payment.throughput.expected(100) == pytest.approx(100, rel=0.05)
    assert baseline.edges[EdgeKey(CHECKOUT, PAYMENT)].calls.expected(100) == pytest.approx(100, rel=0.05)
    assert cron.exposure(BUCKETS[0].services[CRON]) == BUCKETS[0].services[CRON].records


def test_what_is_in_trouble_is_not_learned_from() -> None:
    baseline = learned(*BUCKETS)
    before = deepcopy(baseline)
    (bucket,) = closed(traffic(4, Fault.THROWING, start=NOON + 60 * SECOND))
    baseline.learn(bucket, troubled={FRONTEND, CHECKOUT, PAYMENT})
    for key in (FRONTEND, CHECKOUT, PAYMENT):
        assert set(baseline.services[key].templates) == set(before.services[key].templates)
        assert baseline.services[key].learned == before.services[key].learned
    assert baseline.services[CRON].learned > before.services[CRON].learned


def test_history_begins_when_a_service_is_seen() -> None:
    baseline = Baseline()
    baseline.see(BUCKETS[0])
    assert baseline.history(PAYMENT, NOON + 30 * SECOND) == 30 * SECOND
    assert baseline.history(PAYMENT, NOON - SECOND) == 0
    assert Baseline().history(PAYMENT, NOON) == 0
    assert baseline.services[PAYMENT].learned == 0


def test_silence_is_learned_too() -> None:
    baseline = learned(*BUCKETS)
    learned_before = baseline.services[PAYMENT].learned
    baseline.learn(Summary(NOON + 60 * SECOND, NOON + 65 * SECOND))
    assert baseline.services[PAYMENT].learned == learned_before + 5 * SECOND


def test_work_enters_where_nothing_calls() -> None:
    assert system_work(BUCKETS[0]) == BUCKETS[0].services[FRONTEND].entries == 20
    assert system_work(Summary(0, 1)) == 0.0


def test_old_knowledge_fades_with_its_half_life() -> None:
    baseline = learned(*BUCKETS[:2], empty=Baseline(half_life=5 * SECOND))
    work = BUCKETS[0].services[PAYMENT].entries
    # Learned before the fading of its own bucket: a half of the newer and a quarter of the older.
    assert baseline.services[PAYMENT].errors.exposure == pytest.approx(0.5 * work + 0.25 * work, rel=0.05)


def test_templates_beyond_the_limit_are_not_learned() -> None:
    sent = [record(f"event {letter} happened", NOON) for letter in "abcdefgh"]
    baseline = learned(*closed([Slice(log_groups(sent))]), empty=Baseline(max_templates=3))
    assert len(baseline.services[PAYMENT].templates) == len(baseline.services[PAYMENT].texts) == 3


def test_operations_are_bounded() -> None:
    """Names with ids in them come in new forms for ever."""
    baseline = Baseline(max_operations=10)
    for second in range(40):
        at = NOON + second * 5 * SECOND
        spans = [span(f"GET /{second}/{n}", at, at, span_id=bytes([n]) * 8) for n in range(5)]
        for bucket in closed([Slice(spans=span_groups(spans))]):
            baseline.learn(bucket)
    assert len(baseline.services[PAYMENT].operations) == 10


def test_edges_are_bounded() -> None:
    baseline = Baseline(max_edges=10)
    for second in range(40):
        at = NOON + second * 5 * SECOND
        call = span("call", at, at, kind=CLIENT, attributes={"server.address": f"10.0.0.{second}"})
        for bucket in closed([Slice(spans=span_groups([call]))]):
            baseline.learn(bucket)
    assert len(baseline.edges) == 10


def test_texts_go_with_templates() -> None:
    baseline = learned(*BUCKETS)
    for service in baseline.services.values():
        assert {template_of(text).template_id: text for text in service.texts.values()} == service.texts
        assert service.texts.keys() == service.templates.keys()


def test_what_was_silent_for_long_is_forgotten() -> None:
    baseline = learned(*BUCKETS, empty=Baseline(half_life=SECOND))
    silent = [Summary(NOON + second * SECOND, NOON + (second + 5) * SECOND) for second in range(60, 360, 5)]
    for bucket in silent:
        baseline.learn(bucket)
    assert (baseline.services, baseline.edges) == ({}, {})


def test_an_operation_that_is_no_longer_there_is_forgotten() -> None:
    baseline = Baseline(half_life=SECOND)
    for second in range(0, 400, 5):
        at = NOON + second * SECOND
        name = "old" if second < 20 else "new"
        for bucket in closed([Slice(spans=span_groups([span(name, at, at + 9)]))]):
            baseline.learn(bucket)
    assert set(baseline.services[PAYMENT].operations) == {"new"}


def bucket_of(versions: dict[str, int], start: int, texts: dict[str, int]) -> Summary:
    whole = Summary(start, start + 5 * SECOND)
    service = whole.service(CRON)
    service.versions, service.records = versions, sum(texts.values())
    for text, count in texts.items():
        service.templates[text] = TemplateCount(text, count, max_severity=9)
    return whole


def test_a_new_version_may_word_its_logs_in_another_way() -> None:
    old, new = {"job began": 20, "job done": 20}, {"job began": 20, "finished the job": 20}
    baseline, now = Baseline(), NOON
    for _ in range(120):
        baseline.learn(bucket_of({"1.0": 40}, now, old))
        now += 5 * SECOND
    assert not baseline.services[CRON].released(now)
    detectors: list[Detector] = [NewTemplate(NewTemplateConfig()), TemplateRate(TemplateRateConfig())]
    reworded = bucket_of({"1.0": 40}, now, new)
    assert any(detector.detect(reworded, baseline) for detector in detectors)
    while now < NOON + 600 * SECOND + 2 * GRACE:
        released = bucket_of({"1.1": 40}, now, new)
        baseline.see(released)
        assert not any(detector.detect(released, baseline) for detector in detectors)
        baseline.learn(released)
        now += 5 * SECOND
    assert not baseline.services[CRON].released(now)


def test_where_there_are_no_spans_all_records_are_the_work() -> None:
    bucket = bucket_of({}, NOON, {"job began": 20})
    bucket.service(PAYMENT).records = 60
    assert system_work(bucket) == 80
    assert learned(*[bucket] * 20).services[CRON].throughput.expected(80) == pytest.approx(20)
