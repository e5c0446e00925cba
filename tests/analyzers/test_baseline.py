"""What is learned as normal."""

from copy import deepcopy
from dataclasses import replace

import pytest

from analyzers.baseline import Baseline
from analyzers.changes import GRACE
from analyzers.detectors.base import Detector
from analyzers.detectors.new_template import NewTemplate, NewTemplateConfig
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.summary import EdgeKey, Summary, TemplateCount, union
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


@pytest.mark.parametrize(("severity", "found"), [(17, True), (9, False)])
def test_an_error_that_came_once_of_late_was_not_usual_all_along(severity: int, found: bool) -> None:
    """Learned unawares with the first of them; wording alone may come with the hour, by the clock."""
    baseline, once = learned(*BUCKETS), deepcopy(BUCKETS[-1])
    made = template_of("panic in <*>")
    once.services[PAYMENT].templates[made.template_id] = TemplateCount(made.text, 1, max_severity=severity)
    baseline.learn(once)
    again = deepcopy(once)
    again.services[PAYMENT].templates[made.template_id].count = 8
    told = [item.subject for item in TemplateRate(TemplateRateConfig()).detect(again, baseline)]
    assert (told == [made.text]) is found


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
    assert Baseline().work_entered(BUCKETS[0]) == BUCKETS[0].services[FRONTEND].entries == 20
    assert Baseline().work_entered(Summary(0, 1)) == 0.0


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
        spans = [span(f"run {second} {n}", at, at, span_id=bytes([n]) * 8) for n in range(5)]
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


def sampled(buckets: list[Summary], one_in: int) -> list[Summary]:
    """The same with fewer spans: the logs stay."""
    kept = deepcopy(buckets)
    for number, bucket in enumerate(kept):
        for service in bucket.services.values():
            for stats in service.operations.values():
                whole = stats.entries
                stats.entries = stats.calls = whole // one_in + (number % one_in < whole % one_in)
                service.spans = stats.calls
                stats.templates = {name: count * stats.calls // whole for name, count in stats.templates.items()}
    return kept


def test_how_much_is_sampled_shows_in_the_logs() -> None:
    baseline = learned(*BUCKETS)
    assert baseline.kept(BUCKETS[0]) == pytest.approx((1.0, 1.0), rel=0.05)
    now, lately = baseline.kept(sampled(BUCKETS[:1], 5)[0])
    assert now == pytest.approx(0.2, rel=0.05)
    assert now < lately < 1.0
    assert Baseline().kept(BUCKETS[0]) == (1.0, 1.0)
    # A minute in which hardly a trace was kept tells nothing of the share.
    few = Baseline()
    for bucket in sampled(BUCKETS, 400):
        few.learn(bucket)
    assert few.kept(BUCKETS[0]) == (1.0, 1.0)


def test_what_is_said_at_a_start_is_not_taken_for_a_change_of_sampling() -> None:
    started, *others = deepcopy(BUCKETS)
    for service in started.services.values():
        service.severities[9] = service.severities.get(9, 0) + 20 * max(1, service.entries)
    baseline = learned(started, *others)
    assert baseline.kept(BUCKETS[-1]) == pytest.approx((1.0, 1.0), rel=0.2)


def test_few_traces_of_a_service_say_little_about_its_work() -> None:
    baseline = learned(*BUCKETS)
    (template_id,) = baseline.services[PAYMENT].templates
    bucket = sampled(BUCKETS[:1], 10)[0]
    service = bucket.services[PAYMENT]
    assert 0 < service.entries < 5
    service.templates[template_id].count *= 2
    assert not TemplateRate(TemplateRateConfig()).detect(bucket, baseline)


def test_one_service_that_ends_fewer_spans_is_no_sampling() -> None:
    baseline, bucket = learned(*BUCKETS), deepcopy(BUCKETS[0])
    for stats in bucket.services[PAYMENT].operations.values():
        stats.entries = stats.calls = 0
    assert baseline.kept(bucket)[0] == pytest.approx(1.0, rel=0.05)


def test_one_service_that_suddenly_logs_much_is_no_sampling() -> None:
    """However much: all of its records together count as one witness."""
    baseline, bucket = learned(*BUCKETS), deepcopy(BUCKETS[0])
    bucket.services[PAYMENT].severities[9] += 100 * sum(service.records for service in bucket.services.values())
    assert baseline.kept(bucket)[0] == pytest.approx(1.0, rel=0.05)


def test_debugging_that_is_turned_on_everywhere_is_no_sampling() -> None:
    baseline, bucket = learned(*BUCKETS), deepcopy(BUCKETS[0])
    for service in bucket.services.values():
        service.severities[5] = 10 * service.records
    assert baseline.kept(bucket)[0] == pytest.approx(1.0, rel=0.05)


def test_one_service_that_does_hardly_anything_any_more_is_no_sampling() -> None:
    """Its last records come without spans; however much it used to do, now it tells little."""
    buckets = deepcopy(BUCKETS)
    for bucket in buckets:
        payment = bucket.services[PAYMENT]
        payment.severities[9] *= 50
        for stats in payment.operations.values():
            stats.entries = stats.calls = 50 * stats.calls
    baseline, bucket = learned(*buckets), deepcopy(buckets[0])
    payment = bucket.services[PAYMENT]
    payment.operations, payment.severities = {}, {9: 1}
    assert baseline.kept(bucket)[0] == pytest.approx(1.0, rel=0.05)


def test_a_new_version_has_to_be_known_before_its_records_tell_of_the_sampling() -> None:
    buckets = deepcopy(BUCKETS)
    for bucket in buckets:
        bucket.services[PAYMENT].versions = {"1.0": 20}
    baseline, bucket = learned(*buckets), deepcopy(buckets[0])
    assert baseline.services[PAYMENT].settled
    baseline.services[PAYMENT].reword()
    assert not baseline.services[PAYMENT].settled
    for service in bucket.services.values():
        service.severities[9] = 50 * service.severities.get(9, 0)
    for key in baseline.services.keys() - {PAYMENT}:
        del baseline.services[key]
    assert baseline.kept(bucket) == (1.0, 1.0)


@pytest.mark.parametrize("one_in", [3, 10, 100])
def test_what_is_normal_outlives_a_change_of_sampling(one_in: int) -> None:
    baseline = learned(*BUCKETS)
    (template_id,) = baseline.services[PAYMENT].templates
    for bucket in sampled(BUCKETS, one_in) * 3:
        least, most = baseline.services[PAYMENT].exposures(bucket.services[PAYMENT], baseline.kept(bucket))
        assert least <= bucket.services[PAYMENT].entries
        # What was done, and as much more as chance may have left out.
        assert 20 * 0.8 <= most <= 20 + 3 * one_in * (20 / one_in) ** 0.5 + 3 * one_in
        assert not TemplateRate(TemplateRateConfig()).detect(bucket, baseline)
        baseline.learn(bucket)
    assert baseline.services[PAYMENT].templates[template_id].expected(100) == pytest.approx(100, rel=0.1)


def test_what_waits_to_be_learned_is_of_the_sampling_it_was_met_with() -> None:
    """For two minutes one trace in ten was kept; by the time these are learned from it is all of them again."""
    baseline = learned(*BUCKETS)
    starts = range(BUCKETS[-1].end_unix_nano, NOON + 365 * 86_400 * SECOND, 5 * SECOND)
    later = [
        replace(item, start_unix_nano=start, end_unix_nano=start + 5 * SECOND)
        for start, item in zip(starts, BUCKETS * 6, strict=False)
    ]
    waiting = [*sampled(later[:24], 10), *later[24:]]
    for bucket in waiting:
        baseline.meet(bucket)
    for bucket in waiting:
        baseline.learn(bucket, met=True)
    assert baseline.services[PAYMENT].lines.expected(100) == pytest.approx(100, rel=0.02)
    assert not baseline.resampled


def test_what_is_written_by_the_clock_does_not_stop_when_there_is_more_work() -> None:
    def beating(load: int, start: int, beats: bool = True) -> list[Summary]:
        slices = traffic(60, start=start, load=load, seed=load)
        for second, part in enumerate(slices):
            if beats and second % 2 == 0:
                part.log(PAYMENT, record("payment heartbeat", start + second * SECOND))
        return closed(slices)

    baseline, detector = learned(*beating(2, NOON), *beating(2, NOON + 60 * SECOND)), TemplateRate(TemplateRateConfig())
    later = NOON + 120 * SECOND
    assert not [item for bucket in beating(40, later) for item in detector.detect(bucket, baseline)]
    found = [item for bucket in beating(2, later, beats=False) for item in detector.detect(union([bucket]), baseline)]
    assert {item.subject for item in found} <= {"payment heartbeat"}


def test_a_window_without_a_sampled_span_says_nothing_about_the_work_that_entered() -> None:
    baseline = learned(*BUCKETS)
    bucket = sampled(BUCKETS[:1], 1000)[0]
    for service in bucket.services.values():
        service.operations, service.spans = {}, 0
    assert baseline.work_entered(bucket) == 0.0


def test_where_there_are_no_spans_all_records_are_the_work() -> None:
    bucket = bucket_of({}, NOON, {"job began": 20})
    bucket.service(PAYMENT).records = 60
    assert Baseline().work_entered(bucket) == 80
    assert learned(*[bucket] * 20).services[CRON].throughput.expected(80) == pytest.approx(20)


def test_what_waits_to_be_learned_is_of_the_version_that_wrote_it() -> None:
    old, new = {"job began": 20}, {"another began": 20}
    buckets = [bucket_of({"1.0": 40}, NOON + number * 5 * SECOND, old) for number in range(24)]
    later = [bucket_of({"1.1": 40}, NOON + (24 + number) * 5 * SECOND, new) for number in range(24)]
    baseline, at_once = Baseline(), Baseline()
    for bucket in (*buckets, *later):
        baseline.see(bucket)
    for bucket in (*buckets, *later):
        baseline.learn(bucket)
        at_once.learn(bucket)
    assert baseline.services[CRON].templates == at_once.services[CRON].templates


def test_a_warning_that_was_met_once_is_told_when_it_comes_in_masses() -> None:
    baseline, detector = learned(*BUCKETS), TemplateRate(TemplateRateConfig())
    for severity, found in ((9, set[str]()), (13, {"pool exhausted"})):
        met, flooded = deepcopy(BUCKETS[0]), deepcopy(BUCKETS[0])
        for bucket, count in ((met, 1), (flooded, 500)):
            said = TemplateCount("pool exhausted", count, max_severity=severity)
            bucket.services[PAYMENT].templates[str(severity)] = said
        baseline.meet(met)
        assert not NewTemplate(NewTemplateConfig()).detect(flooded, baseline)
        assert {
            item.subject for item in detector.detect(flooded, baseline) if item.subject == "pool exhausted"
        } == found
