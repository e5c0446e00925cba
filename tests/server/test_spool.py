"""Closed windows on disk: private, of this process alone, and no reason to stop."""

import logging
from pathlib import Path

import pytest

from analyzers.archive import Archive
from analyzers.service import service_key
from analyzers.summary import ServiceSummary, Summary
from server.spool import FolderSpool

BUCKET = 5_000_000_000


def bucket(number: int) -> Summary:
    return Summary(number * BUCKET, (number + 1) * BUCKET, services={service_key("cart"): ServiceSummary(number)})


def test_what_was_kept_is_read_until_it_is_dropped(tmp_path: Path) -> None:
    spool = FolderSpool(tmp_path / "windows")
    one, two = spool(b"one"), spool(b"two")
    assert (one.read(), two.read()) == (b"one", b"two")
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "windows").iterdir()] == [0o600, 0o600]
    one.drop()
    one.drop()
    assert two.read() == b"two"
    with pytest.raises(OSError, match="windows"):
        one.read()


def test_a_start_removes_what_was_left(tmp_path: Path) -> None:
    FolderSpool(tmp_path)(b"left")
    FolderSpool(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cant_be_written_stays_in_memory_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = FolderSpool(tmp_path / "windows")
    (tmp_path / "windows").rmdir()
    with caplog.at_level(logging.WARNING):
        kept = [spool(b"one"), spool(b"two")]
    assert [item.read() for item in kept] == [b"one", b"two"]
    assert len(caplog.records) == 1


def test_an_archive_leaves_nothing_there_that_it_does_not_hold(tmp_path: Path) -> None:
    spooled, held = Archive(BUCKET, 720 * BUCKET, 5, FolderSpool(tmp_path)), Archive(BUCKET, 720 * BUCKET, 5)
    for number in range(3000):
        for archive in (spooled, held):
            archive.add(bucket(number))
            archive.late(number * BUCKET - BUCKET).service(service_key("late")).records += 1
    assert list(spooled.between(0, 3000 * BUCKET)) == list(held.between(0, 3000 * BUCKET))
    assert len(list(tmp_path.iterdir())) == len(spooled) - 6
    spooled.restore([bucket(1)])
    assert list(tmp_path.iterdir()) == []


def test_a_lost_bucket_is_left_out(tmp_path: Path) -> None:
    archive = Archive(BUCKET, 720 * BUCKET, 0, FolderSpool(tmp_path))
    for number in range(3):
        archive.add(bucket(number))
    min(tmp_path.iterdir()).unlink()
    assert [item.start_unix_nano for item in archive.between(0, 3 * BUCKET)] == [BUCKET, 2 * BUCKET]
