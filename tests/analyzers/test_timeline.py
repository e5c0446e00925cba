"""Event time: closed buckets are a function of what was sent, not of how it was batched."""

import time
from collections.abc import Sequence
from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from analyzers.catch_up import Arrival
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, Summary
from analyzers.tally import CountLimits
from analyzers.templates import OTHER, TemplateMiner
from analyzers.timeline import Timeline, WindowSettings
from tests.analyzers.telemetry import (
    CHECKOUT,
    CLIENT,
    NOON,
    PAYMENT,
    SECOND,
    SERVER,
    Fault,
    Slice,
    closed,
    feed,
    log_batch,
    log_groups,
    record,
    resource,
    span,
    span_batch,
    span_groups,
    traffic,
)

YEAR = 365 * 86_400 * SECOND
LATENESS = WindowSettings().lateness


def logged(seconds: float, body: str = "ready") -> Slice:
    """One record that many seconds after noon."""
    return Slice(log_groups([record(body, NOON + int(seconds * SECOND))]))


def time_of(part: Slice) -> int:
    """Of a slice with a single record or span."""
    if part.logs:
        return part.logs[0].scope_logs[0].log_records[0].time_unix_nano
    return part.spans[0].scope_spans[0].spans[0].end_time_unix_nano


def single(slices: Sequence[Slice]) -> list[Slice]:
    """Every record and every span on its own, in order of time."""
    parts = []
    for whole in slices:
        for logs in whole.logs:
            parts += [Slice(log_groups([item], logs.resource)) for item in logs.scope_logs[0].log_records]
        for spans in whole.spans:
            parts += [Slice(spans=span_groups([item], spans.resource)) for item in spans.scope_spans[0].spans]
    return sorted(parts, key=time_of)


def within_lateness(parts: Sequence[Slice], random: Random) -> list[Slice]:
    """Shuffled, so that none comes after one that is newer by more than the lateness."""
    return sorted(parts, key=lambda part: (time_of(part) + random.randrange(LATENESS), random.random()))


def batched(parts: Sequence[Slice], random: Random) -> list[Slice]:
    """Neighbours joined to batches of any size."""
    batches, rest = [], list(parts)
    while rest:
        size = random.randint(1, 30)
        taken, rest = rest[:size], rest[size:]
        batches.append(Slice([item for part in taken for item in part.logs], [s for part in taken for s in part.spans]))
    return batches


def records(buckets: Sequence[Summary], service: ServiceKey = PAYMENT) -> int:
    return sum(bucket.services[service].records for bucket in buckets if service in bucket.services)


REFERENCE = {fault: single(traffic(16, fault, load=1)) for fault in (Fault.THROWING, Fault.RETRIES)}
GAPPED = [
    *single([*traffic(7, load=1), *traffic(4, start=NOON + 299 * SECOND, seed=2, load=1)]),
    *map(logged, (900, 901, 910, 1250)),
]


@settings(deadline=None, max_examples=20)
@given(st.sampled_from([*REFERENCE.values(), GAPPED]), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(parts: list[Slice], random: Random) -> None:
    assert closed(batched(within_lateness(parts, random), random)) == closed(parts)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 2000), min_size=1, max_size=12, unique=True),
    st.sampled_from([0, 1, 10, 40]),
    st.randoms(use_true_random=False),
)
def test_gaps_are_the_same_in_any_order(seconds: list[int], lateness: int, random: Random) -> None:
    """Which silences are walked through and which are skipped depends on the records alone."""
    window = WindowSettings(lateness=lateness * SECOND)
    parts = [logged(second) for second in sorted(seconds)]
    shuffled = sorted(parts, key=lambda part: time_of(part) + random.randrange(max(1, lateness * SECOND)))
    assert closed(shuffled, window) == closed(parts, window)


def test_first_records_may_be_out_of_order_too() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    feed(timeline, miner, logged(20))
    assert list(timeline.close_ready()) == []
    feed(timeline, miner, logged(12))
    assert timeline.late_records == 0
    buckets = list(timeline.close_all())
    assert [bucket.start_unix_nano - NOON for bucket in buckets] == [10 * SECOND, 15 * SECOND, 20 * SECOND]
    assert records(buckets) == 2


@pytest.mark.parametrize("parent_first", [True, False])
@pytest.mark.parametrize("apart", [0.1, 7.0])
def test_halves_of_a_call_meet_over_batches_and_buckets(parent_first: bool, apart: float) -> None:
    ended = NOON + 4 * SECOND
    child = span("charge", NOON, ended, b"t" * 16, b"c" * 8, b"p" * 8, SERVER)
    parent = span("call", NOON, ended + int(apart * SECOND), b"t" * 16, b"p" * 8, b"", CLIENT)
    sent = [
        Slice(spans=span_groups([child], resource("payment"))),
        Slice(spans=span_groups([parent], resource("checkout"))),
    ]
    buckets = closed(sent[::-1] if parent_first else sent)
    edges = {key: stats for bucket in buckets for key, stats in bucket.edges.items()}
    assert list(edges) == [EdgeKey(CHECKOUT, PAYMENT)]
    assert edges[EdgeKey(CHECKOUT, PAYMENT)].calls == 1
    assert edges[EdgeKey(CHECKOUT, PAYMENT)].gap.quantile(0.5) == pytest.approx(apart * SECOND, rel=0.05)


def test_a_late_record_is_merged_and_counted() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    for second in (0, 60):
        feed(timeline, miner, logged(second))
        judged = [deepcopy(bucket) for bucket in timeline.close_ready()]
    feed(timeline, miner, Slice(log_groups([record("ready", NOON + SECOND, weight=500)])))
    feed(timeline, miner, Slice(spans=span_groups([span("late", NOON, NOON + SECOND)])))
    assert (timeline.late_records, timeline.late_spans) == (500, 1)
    assert records(judged) == 1
    assert list(timeline.close_ready()) == []
    held = timeline.between(NOON, NOON + 5 * SECOND)
    assert held is not None
    assert (held.services[PAYMENT].records, held.services[PAYMENT].spans) == (501, 1)


def test_what_is_late_while_windows_are_held_is_late_and_judged() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    feed(timeline, miner, logged(0))
    feed(timeline, miner, logged(60))
    assert list(timeline.close_ready(NOON)) == []
    feed(timeline, miner, logged(1))
    assert timeline.late_records == 1
    assert records(list(timeline.close_ready(NOON + 10 * SECOND))) == 2
    assert records(list(timeline.close_ready())) == 0
    assert records(list(timeline.close_all())) == 1


def test_what_was_closed_is_as_it_was_when_more_comes() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    for second in (0, 60):
        feed(timeline, miner, logged(second))
    first = next(timeline.close_ready())
    feed(timeline, miner, logged(1))
    timeline.add_spans(span_batch(*span_groups([span("late", NOON, NOON + SECOND)])))
    assert (first.services[PAYMENT].records, first.services[PAYMENT].spans) == (1, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300), st.integers(0, 9)), min_size=1, max_size=40), st.data())
def test_deliveries_counted_together_come_to_the_same_as_one_by_one(
    sent: list[tuple[bool, int, int]], data: st.DataObject
) -> None:
    """Also while some of them are held: buckets, and what is late."""

    def play(sizes: list[int]) -> tuple[list[Summary], int, int]:
        timeline, miner, clock, at = Timeline(WindowSettings()), TemplateMiner(), NOON, 0
        buckets: list[Summary] = []
        for size in sizes:
            parts, arrivals = [], []
            for spans, second, later in sent[at : at + size]:
                clock += later * SECOND + 1
                time_unix_nano = NOON + second * SECOND
                single_span = span("work", time_unix_nano, time_unix_nano, span_id=clock.to_bytes(8, "big"))
                parts.append(Slice(spans=span_groups([single_span])) if spans else logged(second))
                arrivals.append(Arrival(spans, time_unix_nano, clock, 1))
            at += size
            begin = 0
            for cut in timeline.cuts(arrivals):
                for part in parts[begin : cut.end]:
                    feed(timeline, miner, part)
                begin = cut.end
                buckets += map(deepcopy, timeline.close_ready(cut.complete_unix_nano))
        return [*buckets, *timeline.close_all()], timeline.late_records, timeline.late_spans

    sizes: list[int] = []
    while sum(sizes) < len(sent):
        sizes.append(data.draw(st.integers(1, 20)))
    assert play(sizes) == play([1] * len(sent))


def test_a_clock_in_the_future_does_not_drag_the_watermark() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    wrong = log_batch(*log_groups([record(at=NOON + YEAR)]), received=NOON)
    timeline.add_logs(wrong, miner.mine(wrong))
    assert wrong.faults.future == 1
    assert timeline.newest_unix_nano == NOON
    wrong_spans = span_batch(*span_groups([span("work", NOON + YEAR, NOON + YEAR + 1)]), received=NOON)
    timeline.add_spans(wrong_spans)
    assert timeline.newest_unix_nano == NOON


def test_nobody_holds_the_watermark_back() -> None:
    """It is the newest of any service: one that is silent or slow does not stop the others."""
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    feed(timeline, miner, Slice(log_groups([record()], resource("cron"))))
    feed(timeline, miner, logged(60))
    assert timeline.watermark_unix_nano == NOON + 60 * SECOND - LATENESS
    assert next(timeline.close_ready()).start_unix_nano == NOON


def test_a_silence_is_walked_through_and_a_gap_skipped() -> None:
    starts = [(bucket.start_unix_nano - NOON) // SECOND for bucket in closed([logged(0), logged(30), logged(1000)])]
    assert starts == [0, 5, 10, 15, 20, 25, 30, 1000]


def test_a_jump_of_years_takes_no_time() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    feed(timeline, miner, logged(0))
    batch = log_batch(*log_groups([record(at=NOON + 4 * YEAR)]), received=NOON + 5 * YEAR)
    began = time.process_time()
    timeline.add_logs(batch, miner.mine(batch))
    buckets = [*timeline.close_ready(), *timeline.close_all()]
    # Walking through would take minutes.
    assert time.process_time() - began < 2.0
    assert [bucket.start_unix_nano for bucket in buckets] == [NOON, NOON + 4 * YEAR]


def test_retention_bounds_what_is_held() -> None:
    window = WindowSettings(retention=100 * SECOND)
    timeline, miner = Timeline(window), TemplateMiner()
    sent = range(0, 3000, 5)
    for second in sent:
        feed(timeline, miner, logged(second))
        # Records of long ago count as late and are forgotten again.
        feed(timeline, miner, logged(-second * 60))
        for _ in timeline.close_ready():
            pass
    assert timeline.held()[1] == NOON + 3000 * SECOND
    assert timeline.between(NOON, NOON + 2000 * SECOND) is None
    assert timeline.between(NOON + 2990 * SECOND, NOON + 3000 * SECOND) is not None


def test_late_records_alone_are_bounded_too() -> None:
    window = WindowSettings(retention=100 * SECOND)
    timeline, miner = Timeline(window), TemplateMiner()
    for second in (0, 60):
        feed(timeline, miner, logged(second))
    closed_starts = [bucket.start_unix_nano for bucket in timeline.close_ready()]
    assert closed_starts[0] == NOON
    sent = range(10, 6000, 10)
    for second in sent:
        feed(timeline, miner, logged(-second))
    assert timeline.late_records == len(sent)
    # Ten minutes as they are, then minutes; two to spare.
    assert len(timeline.archive) <= 120 + window.retention // (12 * window.bucket) + 3


def test_nothing_held() -> None:
    timeline = Timeline(WindowSettings())
    assert timeline.held() == (0, 0)
    assert timeline.between(0, NOON) is None
    assert list(timeline.close_all()) == []
    assert (timeline.newest_unix_nano, timeline.watermark_unix_nano, timeline.pending_spans) == (0, 0, 0)


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_windows_are_unions_of_buckets_of_at_most_five_seconds(offset: int, duration: int) -> None:
    window = WindowSettings(duration=duration * SECOND)
    assert window.bucket <= 5 * SECOND
    assert window.bucket * window.buckets <= window.duration < window.bucket * window.buckets + window.buckets
    timeline, miner = Timeline(window), TemplateMiner()
    batch = log_batch(*log_groups([record(at=NOON + offset)]))
    timeline.add_logs(batch, miner.mine(batch))
    (bucket,) = timeline.close_all()
    assert bucket.start_unix_nano <= NOON + offset < bucket.end_unix_nano


def test_templates_beyond_the_limit_are_counted_as_others() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    timeline, miner = Timeline(WindowSettings(), CountLimits(templates=5)), TemplateMiner()
    for letter in letters:
        feed(timeline, miner, Slice(log_groups([record(f"event {letter} happened", weight=3)])))
    (bucket,) = timeline.close_all()
    service = bucket.services[PAYMENT]
    assert len(service.templates) == 6
    (other,) = [count for count in service.templates.values() if count.text == OTHER]
    assert other.count == timeline.folded_records == 3 * (len(letters) - 5)
    assert sum(count.count for count in service.templates.values()) == service.records == 3 * len(letters)
    assert sum(service.severities.values()) == service.records


@given(st.lists(st.tuples(st.sampled_from(["a", "b 7", "b 8", ""]), st.integers(1, 1000)), min_size=1, max_size=40))
def test_counts_add_up_to_records_and_weights(sent: list[tuple[str, int]]) -> None:
    groups = log_groups([record(body, NOON + index, weight=weight) for index, (body, weight) in enumerate(sent)])
    (bucket,) = closed([Slice(groups)])
    service = bucket.services[PAYMENT]
    assert service.records == sum(weight for _, weight in sent)
    assert sum(count.count for count in service.templates.values()) == service.records
    assert len(service.templates) == len({body[:1] for body, _ in sent})


def test_spans_wait_for_their_bucket() -> None:
    timeline = Timeline(WindowSettings())
    groups: list[ResourceSpans] = span_groups(
        [span("work", NOON + n * SECOND, NOON + n * SECOND, span_id=bytes([n]) * 8) for n in range(1, 9)]
    )
    timeline.add_spans(span_batch(*groups))
    assert timeline.pending_spans == 8
    (first, _) = timeline.close_all()
    assert (first.services[PAYMENT].spans, timeline.pending_spans) == (4, 0)


def test_events_of_a_change_are_kept_with_their_service() -> None:
    timeline, miner = Timeline(WindowSettings()), TemplateMiner()
    sent = [record("pool stock has 12 connections", NOON + SECOND), record("ready", NOON + SECOND)]
    sent[0].event_name = "config.changed"
    named = record("log level is INFO", NOON + SECOND, attributes={"event.name": "settings.reload"})
    other = record("ready", NOON + SECOND, attributes={"event.name": "session.start"})
    batch = log_batch(*log_groups([*sent, named, other]))
    timeline.add_logs(batch, miner.mine(batch))
    [bucket, *_] = timeline.close_all()
    assert bucket.services[PAYMENT].events == {
        'config.changed: "pool stock has <*> connections"': 1,
        'settings.reload: "log level is INFO"': 1,
    }
