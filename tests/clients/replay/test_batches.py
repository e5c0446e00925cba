"""Order, shift and shuffle of batches keep their bounds for every case there can be."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.replay import Batch, Case, LogRow, LogsBatch, SpanRow, lay_out, to_otlp_requests
from clients.replay.case import make_case
from clients.replay.timeline import GAP_NANO

START = 1_700_000_000_000_000_000
HOUR = 3_600_000_000_000
times = st.one_of(st.just(0), st.integers(START, START + 60_000_000_000))
services = st.sampled_from(["cart", "checkout", ""])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    logs = [
        LogRow(time, service, f"log {number}")
        for number, (time, service) in enumerate(draw(st.lists(st.tuples(times, services), max_size=40)))
    ]
    spans = [
        SpanRow("ab" * 16, f"{number:016x}", "op", service, end and end - duration, end)
        for number, (end, duration, service) in enumerate(
            draw(st.lists(st.tuples(times, st.integers(0, 5_000_000_000), services), max_size=40))
        )
    ]
    return make_case([], logs, spans)


def events(batch: Batch) -> Iterator[tuple[int, str]]:
    """Event time and identity of each row, as sent."""
    if isinstance(batch, LogsBatch):
        for resource in batch.request.resource_logs:
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    yield record.time_unix_nano or record.observed_time_unix_nano, record.body.string_value
    else:
        for group in batch.request.resource_spans:
            for scoped in group.scope_spans:
                for span in scoped.spans:
                    yield span.end_time_unix_nano or span.start_time_unix_nano, span.span_id.hex()


def expected(case: Case, shift: int) -> list[tuple[int, str]]:
    rows = [(row.event_unix_nano, str(row.body)) for row in case.logs]
    rows += [(row.event_unix_nano, row.span_id) for row in case.spans]
    return sorted((time + shift if time else 0, identity) for time, identity in rows)


@settings(max_examples=150, deadline=None)
@given(
    case=cases(),
    size=st.integers(1, 30),
    span=st.one_of(st.none(), st.integers(1, 20_000_000_000)),
    shift=st.integers(-HOUR, HOUR),
)
def test_every_row_once_in_order_within_size_and_span(case: Case, size: int, span: int | None, shift: int) -> None:
    batches = list(to_otlp_requests(case, batch_size=size, batch_nano=span, shift_nano=shift))
    sent = [list(events(batch)) for batch in batches]
    assert sorted(row for rows in sent for row in rows) == expected(case, shift)
    for batch, rows in zip(batches, sent, strict=True):
        known = [time for time, _ in rows if time]
        assert batch.row_count == len(rows) <= size
        assert all(batch.first_unix_nano <= time <= batch.last_unix_nano for time in known)
        assert span is None or batch.last_unix_nano - batch.first_unix_nano < max(span, 1)
    # A batch leaves when its last row is due, and never before one that was due earlier.
    assert all(one.send_at_unix_nano <= two.send_at_unix_nano for one, two in pairwise(batches))
    assert all(batch.send_at_unix_nano >= batch.last_unix_nano for batch in batches)
    # Logs and spans are cut together: a later batch never begins before an earlier cut ended.
    for one, two in pairwise(batches):
        assert one.send_at_unix_nano == two.send_at_unix_nano or one.send_at_unix_nano <= two.first_unix_nano


@settings(max_examples=150, deadline=None)
@given(case=cases(), size=st.integers(1, 30), room=st.integers(1, 30_000_000_000), seed=st.integers(0, 9))
def test_shuffling_keeps_every_row_within_its_room(case: Case, size: int, room: int, seed: int) -> None:
    batches = list(to_otlp_requests(case, batch_size=size, shuffle_nano=room, seed=seed))
    sent = [list(events(batch)) for batch in batches]
    assert sorted(row for rows in sent for row in rows) == expected(case, 0)
    newest = 0
    for batch, rows in zip(batches, sent, strict=True):
        for time, _ in rows:
            # What promise 3 asks of a sender: no row is later than the lateness behind the newest.
            assert not time or newest - time <= room
        newest = max([newest, *(time for time, _ in rows)])
        assert batch.send_at_unix_nano <= batch.first_unix_nano + room
    again = to_otlp_requests(case, batch_size=size, shuffle_nano=room, seed=seed)
    assert [batch.request for batch in again] == [batch.request for batch in batches]


def test_shuffling_does_shuffle() -> None:
    case = make_case([], [LogRow(START + second * 1_000_000_000, "cart", str(second)) for second in range(60)], [])
    shuffled = [batch.first_unix_nano for batch in to_otlp_requests(case, batch_size=1, shuffle_nano=10_000_000_000)]
    assert shuffled != sorted(shuffled)
    other = [
        batch.first_unix_nano for batch in to_otlp_requests(case, batch_size=1, shuffle_nano=10_000_000_000, seed=1)
    ]
    assert shuffled != other


@settings(max_examples=150, deadline=None)
@given(
    case=cases(),
    before=st.one_of(st.none(), cases()),
    now=st.integers(START + HOUR, START + 9 * HOUR),
    speed=st.one_of(st.none(), st.sampled_from([0.5, 1.0, 10.0])),
)
def test_shifting_touches_now_and_never_passes_the_clock(
    case: Case, before: Case | None, now: int, speed: float | None
) -> None:
    stretches = lay_out(case, before, shift_to_unix_nano=now, speed=speed)
    assert [stretch.case for stretch in stretches] == ([before, case] if before else [case])
    bounds = [
        (s.case.first_unix_nano + s.shift_nano, s.case.last_unix_nano + s.shift_nano)
        for s in stretches
        if s.case.first_unix_nano is not None and s.case.last_unix_nano is not None
    ]
    if case.first_unix_nano is None or not bounds:
        return
    first, last = bounds[0][0], bounds[-1][1]
    # At `speed` the last record leaves this much after now.
    leaves = now if speed is None else now + round((last - first) / speed)
    assert last <= leaves
    assert (last == leaves) if speed is None or speed >= 1 else (first == now)
    assert speed is None or speed > 1 or first == now
    if len(bounds) == 2:
        assert bounds[0][1] + GAP_NANO == bounds[1][0]


def test_without_a_shift_the_case_keeps_its_times_and_before_ends_at_its_beginning() -> None:
    case = make_case([], [LogRow(START, "cart", "a")], [])
    before = make_case([], [LogRow(START - 5 * HOUR, "cart", "b"), LogRow(START - 4 * HOUR, "cart", "c")], [])
    assert [s.shift_nano for s in lay_out(case, before)] == [4 * HOUR - GAP_NANO, 0]
