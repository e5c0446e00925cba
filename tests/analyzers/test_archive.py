"""Closed buckets age into coarse ones: nothing is lost by it, and memory is bounded."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from analyzers.archive import Archive
from analyzers.service import service_key
from analyzers.summary import Summary, TemplateCount
from tests.analyzers.telemetry import Fault, closed, traffic

SECOND = 1_000_000_000
BUCKET = 5 * SECOND
CART = service_key("cart")


def bucket(number: int, records: int) -> Summary:
    summary = Summary(number * BUCKET, (number + 1) * BUCKET)
    service = summary.service(CART)
    service.records = records
    service.templates["t"] = TemplateCount("ready", count=records)
    return summary


def everything(archive: Archive) -> list[Summary]:
    return list(archive.between(0, 2**63))


def total(archive: Archive) -> int:
    return sum(item.services[CART].templates["t"].count for item in everything(archive) if item.services)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=400))
def test_aging_keeps_every_count_and_covers_the_same_time(records: list[int]) -> None:
    archive = Archive(BUCKET, retention=10**18)
    for number, count in enumerate(records):
        archive.add(bucket(number, count))
    assert total(archive) == sum(records)
    start, end = archive.held()
    assert start == 0
    assert end >= len(records) * BUCKET
    assert len(archive) <= 120 + 12 + len(records) // 12 + 1


def test_only_what_is_old_becomes_coarse() -> None:
    archive = Archive(BUCKET, retention=10**18)
    for number in range(300):
        archive.add(bucket(number, 1))
    widths = {item.end_unix_nano - item.start_unix_nano for item in archive.between(0, 100 * BUCKET)}
    assert widths == {12 * BUCKET}
    newest = list(archive.between(190 * BUCKET, 300 * BUCKET))
    assert len(newest) == 110
    assert {item.end_unix_nano - item.start_unix_nano for item in newest} == {BUCKET}


def test_late_records_go_where_their_time_is_now_kept() -> None:
    archive = Archive(BUCKET, retention=10**18)
    for number in range(300):
        archive.add(bucket(number, 1))
    for number in (3, 299, 150):
        archive.late(number * BUCKET).merge(bucket(number, 100))
    assert total(archive) == 600
    assert len(list(archive.between(3 * BUCKET, 4 * BUCKET))) == 1


def test_retention_bounds_the_number() -> None:
    archive = Archive(BUCKET, retention=720 * BUCKET)
    for number in range(5000):
        archive.add(bucket(number, 1))
    assert len(archive) <= 132 + 60 + 3
    assert archive.held()[0] >= (5000 - 720 - 36) * BUCKET


def test_going_on_with_what_was_kept_is_the_same() -> None:
    archive = Archive(BUCKET, retention=10**18)
    for number in range(300):
        archive.add(bucket(number, 1))
    again = Archive(BUCKET, retention=10**18)
    again.restore(everything(archive))
    for number in range(300, 400):
        archive.add(bucket(number, 1))
        again.add(bucket(number, 1))
    assert everything(again) == everything(archive)


def test_what_changed_is_told_once_and_can_be_given_back() -> None:
    archive = Archive(BUCKET, retention=10**18)
    archive.add(bucket(0, 1))
    archive.add(bucket(1, 1))
    assert archive.take_changed() == {0, BUCKET}
    assert archive.take_changed() == set()
    archive.late(0).merge(bucket(0, 1))
    changed = archive.take_changed()
    assert changed == {0}
    archive.mark_changed(changed)
    assert archive.take_changed() == {0}


def test_a_packed_bucket_is_what_it_was() -> None:
    """With everything in it that a bucket can hold."""
    (first, *_) = closed(traffic(20, Fault.THROWING))
    assert first.edges
    archive = Archive(BUCKET, retention=10**18, loose=0)
    archive.add(first)
    wanted = deepcopy(first)
    archive.add(Summary(first.start_unix_nano + BUCKET, first.end_unix_nano + BUCKET))
    found = archive.get(first.start_unix_nano)
    assert found is not first
    assert found == wanted


def test_what_was_closed_stays_as_it_was_and_is_read_with_what_came_late() -> None:
    archive = Archive(BUCKET, retention=10**18)
    first = bucket(0, 5)
    archive.add(first)
    archive.late(0).merge(bucket(0, 100))
    archive.late(0).merge(bucket(0, 100))
    archive.late(BUCKET).merge(bucket(1, 7))
    assert [total(archive), len(archive), archive.held()] == [212, 2, (0, 2 * BUCKET)]
    for number in range(2, 300):
        archive.add(bucket(number, 0))
        assert total(archive) == 212
    assert first == bucket(0, 5)


def test_what_is_changed_is_changed_with_what_came_late_to_it() -> None:
    archive = Archive(BUCKET, retention=10**18)
    archive.add(bucket(0, 5))
    archive.late(0).merge(bucket(0, 100))
    archive.take_changed()
    archive.at(0).services.clear()
    assert total(archive) == 0
    assert archive.take_changed() == {0}


def test_the_newest_stay_the_objects_that_were_added() -> None:
    """A checkpoint tells by this which buckets of the newest window it has to keep twice."""
    archive = Archive(BUCKET, retention=10**18, loose=5)
    added = [bucket(number, 1) for number in range(40)]
    for item in added:
        archive.add(item)
    assert [archive.get(item.start_unix_nano) is item for item in added] == [False] * 34 + [True] * 6


def test_what_came_late_to_a_packed_bucket_is_kept() -> None:
    archive = Archive(BUCKET, retention=10**18, loose=1)
    for number in range(10):
        archive.add(bucket(number, 1))
        archive.late(0).merge(bucket(0, 10))
    assert total(archive) == 10 + 100
