"""The journal: what was appended is read back, a torn tail is cut, damage is set aside, a full disk loses nothing."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.journal import START, Frame, FrameKind, Journal, JournalError, JournalSettings, Position, SyncMode
from server.journal.frame import HEADER_SIZE, FrameError, decode
from server.journal.segment import (
    SEGMENT_HEADER_SIZE,
    SegmentHeader,
    read_entries,
    read_header,
    segment_numbers,
    segment_path,
)
from server.otlp.content_coding import Coding

FRAMES = st.builds(
    Frame,
    st.sampled_from(FrameKind),
    st.binary(max_size=200),
    st.integers(0, 2**62),
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.sampled_from(Coding),
    st.integers(0, 2**31),
)
SECOND = 1_000_000_000
# Written in format 1: three frames received at 1000, 2000 and 3000.
FIRST_FORMAT = bytes.fromhex(
    "4859504a01000000010000000000000000000000000000000500"
    "0000d105229a01e8030000000000000300000001000000666972"
    "737400000000a7dc149d02d00700000000000000000000040000"
    "00000000009f3b779a03b80b0000000000000000000000000000"
)
FIRST_FRAMES = [
    Frame(FrameKind.LOGS, b"first", 1000, 3, 1, size=5),
    Frame(FrameKind.TRACES, b"", 2000, 0, 4),
    Frame(FrameKind.IDLE, b"", 3000),
]


def frame(number: int, size: int = 100) -> Frame:
    return Frame(FrameKind.LOGS, f"{number:06d}".encode() * (size // 6), 1_000 + number, records=number % 7 + 1)


def write(folder: Path, count: int, settings: JournalSettings | None = None, first: int = 0) -> list[Frame]:
    frames = [frame(number) for number in range(first, first + count)]
    journal = Journal(folder, settings or JournalSettings())
    for item in frames:
        journal.append(item)
    journal.close()
    return frames


def read(folder: Path, start: Position = START, settings: JournalSettings | None = None) -> list[Frame]:
    journal = Journal(folder, settings or JournalSettings())
    try:
        return [item for item, _ in journal.read(start)]
    finally:
        journal.close()


@given(FRAMES)
def test_a_frame_is_read_back_as_written(written: Frame) -> None:
    data = written.encode()
    assert decode(data[:HEADER_SIZE], data[HEADER_SIZE:]) == written


@given(FRAMES, st.data())
def test_any_changed_bit_is_noticed(written: Frame, draw: st.DataObject) -> None:
    data = bytearray(written.encode())
    place = draw.draw(st.integers(0, len(data) * 8 - 1))
    data[place // 8] ^= 1 << place % 8
    with pytest.raises(FrameError):
        decode(bytes(data[:HEADER_SIZE]), bytes(data[HEADER_SIZE:]))


def test_everything_is_read_back_in_order_over_segments_and_from_any_place(tmp_path: Path) -> None:
    settings = JournalSettings(segment_bytes=4096)
    frames = write(tmp_path, 200, settings)
    assert len(segment_numbers(tmp_path)) > 3
    assert read(tmp_path, settings=settings) == frames
    journal = Journal(tmp_path, settings)
    places = [position for _, position in journal.read(START)]
    assert places == sorted(places)
    assert [item for item, _ in journal.read(places[120])] == frames[121:]
    journal.close()
    assert read(tmp_path, places[-1]) == []
    more = write(tmp_path, 3, settings, first=500)
    assert read(tmp_path, places[-1], settings) == more


@pytest.mark.parametrize("cut", [1, HEADER_SIZE - 1, HEADER_SIZE, HEADER_SIZE + 50])
def test_a_torn_tail_is_cut_and_written_over(tmp_path: Path, cut: int) -> None:
    frames = write(tmp_path, 5)
    path = segment_path(tmp_path, 1)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes() + frame(5).encode()[:cut])
    assert read(tmp_path) == frames
    assert path.stat().st_size == whole
    more = write(tmp_path, 1, first=9)
    assert read(tmp_path) == frames + more


def test_a_segment_killed_while_beginning_is_begun_anew(tmp_path: Path) -> None:
    frames = write(tmp_path, 5)
    segment_path(tmp_path, 2).write_bytes(b"HYP")
    assert read(tmp_path) == frames
    more = write(tmp_path, 1, first=9)
    assert read(tmp_path) == frames + more


def test_a_damaged_segment_is_set_aside_with_its_count_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = JournalSettings(segment_bytes=4096)
    frames = write(tmp_path, 200, settings)
    journal = Journal(tmp_path, settings)
    by_segment: dict[int, list[Frame]] = {}
    for item, position in journal.read(START):
        by_segment.setdefault(position.segment, []).append(item)
    journal.close()
    path = segment_path(tmp_path, 2)
    data = bytearray(path.read_bytes())
    size = len(frames[0].encode())
    # The eleventh frame of the second segment.
    data[SEGMENT_HEADER_SIZE + 10 * size + HEADER_SIZE + 3] ^= 0xFF
    path.write_bytes(data)
    journal = Journal(tmp_path, settings)
    found = [item for item, _ in journal.read(START)]
    journal.close()
    lost = by_segment[2][10:]
    assert found == [item for item in frames if item not in lost]
    assert journal.lost_records == sum(item.records for item in lost)
    assert f"{journal.lost_records} records lost" in caplog.text
    assert path.with_suffix(".damaged").exists()


def test_the_first_format_is_read_and_gone_on_from(tmp_path: Path) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(FIRST_FORMAT)
    more = write(tmp_path, 2)
    assert path.read_bytes() == FIRST_FORMAT
    assert segment_numbers(tmp_path) == [1, 2]
    assert read_header(segment_path(tmp_path, 2)) == SegmentHeader(2, 3, version=2)
    assert read(tmp_path) == FIRST_FRAMES + more
    # As a checkpoint of then has it: after the first frame.
    assert read(tmp_path, Position(1, 24 + 25 + 5)) == FIRST_FRAMES[1:] + more


def test_a_torn_tail_of_the_first_format_is_cut(tmp_path: Path) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(FIRST_FORMAT[:-1])
    assert read(tmp_path) == FIRST_FRAMES[:2]
    assert path.read_bytes() == FIRST_FORMAT[:79]


@pytest.mark.parametrize("number", [1, 2])
def test_a_newer_format_is_refused(tmp_path: Path, number: int) -> None:
    write(tmp_path, 60, JournalSettings(segment_bytes=4096))
    path = segment_path(tmp_path, number)
    data = bytearray(path.read_bytes())
    data[4] = 99
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"newer version \(format 99, known is 2\); run that version, or move"):
        Journal(tmp_path, JournalSettings())
    assert path.read_bytes() == bytes(data)


@pytest.mark.parametrize("number", [1, 2])
def test_a_segment_whose_head_is_damaged_is_set_aside_whole(tmp_path: Path, number: int) -> None:
    settings = JournalSettings(segment_bytes=4096)
    frames = write(tmp_path, 200, settings)
    path = segment_path(tmp_path, number)
    held = [entry.frame for entry in read_entries(path, 0)]
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    journal = Journal(tmp_path, settings)
    assert [item for item, _ in journal.read(START)] == [item for item in frames if item not in held]
    # How many there were before the first one stands in its head alone.
    assert journal.lost_records == (sum(item.records for item in held) if number > 1 else 0)
    assert path.with_suffix(".damaged").exists()
    journal.close()


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path, JournalSettings())
    with pytest.raises(JournalError, match="another process"):
        Journal(tmp_path, JournalSettings())
    journal.close()
    Journal(tmp_path, JournalSettings()).close()


def test_the_oldest_segments_go_but_never_past_the_checkpoint(tmp_path: Path) -> None:
    settings = JournalSettings(segment_bytes=4096, max_bytes=8192)
    write(tmp_path, 200, settings)
    journal = Journal(tmp_path, settings)
    numbers = segment_numbers(tmp_path)
    journal.release(Position(numbers[2], 0))
    assert segment_numbers(tmp_path) == numbers[2:]
    journal.release(journal.end)
    assert journal.bytes_held <= 8192
    assert segment_numbers(tmp_path)[-1] == numbers[-1]
    journal.close()


def aged(seconds: int) -> Frame:
    return Frame(FrameKind.LOGS, b"x" * 100, seconds * SECOND, 1)


def test_what_is_too_old_goes_but_never_past_the_checkpoint(tmp_path: Path) -> None:
    settings = JournalSettings(max_age=800 * SECOND)
    journal = Journal(tmp_path, settings)
    assert journal.oldest_unix_nano == 0
    for second in range(10_000, 12_000, 10):
        journal.append(aged(second))
    journal.expire(12_000 * SECOND)
    assert journal.oldest_unix_nano == 10_000 * SECOND
    places = [position for _, position in journal.read(START)]
    journal.release(places[30], 12_000 * SECOND)
    held = [item.received_unix_nano // SECOND for item, _ in journal.read(START)]
    assert held[0] <= 10_310
    assert held[-1] == 11_990
    journal.release(journal.end, 12_000 * SECOND)
    # A segment holds an eighth of the age at most, and goes when all in it is too old.
    assert 12_000 - 800 - 110 <= journal.oldest_unix_nano // SECOND <= 12_000 - 800
    assert [item.received_unix_nano // SECOND for item, _ in journal.read(START)][-1] == 11_990
    journal.close()
    journal = Journal(tmp_path, settings)
    journal.release(journal.end, 12_400 * SECOND)
    assert 12_400 - 800 - 110 <= journal.oldest_unix_nano // SECOND <= 12_400 - 800
    journal.close()


@pytest.mark.parametrize("reopened", [False, True])
def test_without_anything_new_the_last_goes_too(tmp_path: Path, reopened: bool) -> None:
    settings = JournalSettings(max_age=800 * SECOND)
    journal = Journal(tmp_path, settings)
    for second in (10_000, 10_001):
        journal.append(aged(second))
    checkpointed = journal.end
    journal.expire(20_000 * SECOND)
    assert len(list(journal.read(START))) == 2
    if reopened:
        journal.close()
        journal = Journal(tmp_path, settings, checkpointed)
    journal.release(checkpointed, 10_800 * SECOND)
    assert len(list(journal.read(START))) == 2
    journal.expire(10_802 * SECOND)
    assert list(journal.read(START)) == []
    assert (journal.oldest_unix_nano, journal.bytes_held) == (0, SEGMENT_HEADER_SIZE)
    assert journal.end > checkpointed
    end = journal.append(aged(20_000))
    journal.close()
    journal = Journal(tmp_path, settings, checkpointed)
    assert [item for item, _ in journal.read(checkpointed)] == [aged(20_000)]
    assert journal.end == end
    journal.close()


def test_what_is_appended_ends_after_a_checkpoint_of_a_lost_journal(tmp_path: Path) -> None:
    after = Position(7, 12345)
    journal = Journal(tmp_path, JournalSettings(), after)
    end = journal.append(frame(1))
    assert end > after
    assert [item for item, _ in journal.read(after)] == [frame(1)]
    journal.close()


@pytest.mark.parametrize("mode", SyncMode)
def test_many_threads_append_and_sync(tmp_path: Path, mode: SyncMode) -> None:
    journal = Journal(tmp_path, JournalSettings(sync=mode))

    def work(first: int) -> None:
        for number in range(first, first + 25):
            journal.sync(journal.append(frame(number)))

    threads = [threading.Thread(target=work, args=(1000 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = sorted(item.received_unix_nano for item in read(tmp_path))
    assert found == sorted(1_000 + 1000 * index + number for index in range(8) for number in range(25))


_FULL_DISK = """
import resource, sys
from pathlib import Path
from server.journal import START, Frame, FrameKind, Journal, JournalError, JournalSettings
folder = Path(sys.argv[1])
journal = Journal(folder, JournalSettings())
item = Frame(FrameKind.LOGS, b"x" * 1000, 1, 1)
# A limit on the size of files is as near to a full disk as one process can come: half of a write succeeds.
resource.setrlimit(resource.RLIMIT_FSIZE, (10_500, resource.RLIM_INFINITY))
taken = refused = 0
for _ in range(20):
    try:
        journal.append(item)
        taken += 1
    except JournalError:
        refused += 1
assert refused >= 5, (taken, refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(item)
assert len(list(journal.read(START))) == taken + 1
journal.close()
"""


def test_a_full_disk_refuses_takes_back_and_recovers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        write(tmp_path / "journal", 3)
    finally:
        os.umask(mask)
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "journal").iterdir())
