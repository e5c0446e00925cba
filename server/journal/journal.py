"""The journal as a whole: appended to before an acknowledgement, read from the last checkpoint on at a start."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from server.journal.frame import FORMAT, Frame, FrameError
from server.journal.segment import (
    SEGMENT_HEADER_SIZE,
    Entry,
    NewerFormatError,
    SegmentError,
    SegmentHeader,
    read_entries,
    read_header,
    read_places,
    segment_numbers,
    segment_path,
)

_log = logging.getLogger(__name__)


class JournalError(Exception):
    """The journal can't be opened or written; the message says what to do. Nothing was acknowledged."""


class SyncMode(StrEnum):
    """What is waited for before an acknowledgement. A killed process loses nothing in any mode."""

    # The kernel has the bytes; a power failure may lose the last seconds.
    NONE = "none"
    # The disk has them; requests that come together share one fdatasync.
    GROUP = "group"
    # The disk has them; one fdatasync each.
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two frames: segment number and byte."""

    segment: int
    offset: int


START = Position(0, 0)
# A segment goes as a whole, so it may hold no more than this part of the age at which it has to go.
_SHARE_OF_AGE = 8


@dataclass(frozen=True, slots=True)
class JournalSettings:
    sync: SyncMode = SyncMode.NONE
    # Bytes after which a new segment is begun.
    segment_bytes: int = 64 * 2**20
    # Bytes of all segments together; the oldest go first, but never what is not checkpointed.
    max_bytes: int = 4 * 2**30
    # Nanoseconds since it was received after which it goes, under the same condition; 0: never.
    max_age: int = 0


class Journal:
    """Frames in the order in which they were acknowledged. Safe to append to from several threads; one process.

    Opening cuts the torn end of the last segment: those frames were never acknowledged.
    """

    def __init__(self, folder: Path, settings: JournalSettings, after: Position = START) -> None:
        """`after`: what is appended ends after this, even if the journal that was known once is gone."""
        self._folder = folder
        self._settings = settings
        self._lock = threading.Lock()
        # Between those who drop segments; never held while appending.
        self._dropping = threading.Lock()
        self._checkpointed = START
        # Receive times of the first and the last frame of the open segment; the last is that of the one before while
        # there is none.
        self._begun = self._newest = 0
        self._synced = threading.Condition()
        self._syncing = False
        self._synced_until = START
        # Records in damaged parts that were set aside at the start.
        self.lost_records = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock_file = _lock(folder)
            numbers = segment_numbers(folder)
            _check_formats(folder, numbers)
            self._records, self._number, self._size = self._cut_tail(numbers) if numbers else (0, 0, 0)
            self._file = self._open(self._number or 1, fresh=not self._number)
            if read_header(segment_path(folder, self._number)).version != FORMAT:
                # One file has one format.
                self._roll()
            if self.end < after:
                _log.error("%s: ends before what is checkpointed; parts of it are gone", folder)
                os.close(self._file)
                self._file = self._open(after.segment + 1, fresh=True)
        except (OSError, SegmentError) as error:
            raise JournalError(f"{folder}: the journal can't be opened: {error}") from error

    @property
    def end(self) -> Position:
        return Position(self._number, self._size)

    @property
    def bytes_held(self) -> int:
        return sum(self._length(number) for number in segment_numbers(self._folder))

    @property
    def oldest_unix_nano(self) -> int:
        """When the oldest frame there is was received; 0 when there is none."""
        for number in segment_numbers(self._folder):
            if received := self._first_received(number):
                return received
        return 0

    def append(self, frame: Frame) -> Position:
        """Write one frame and return where it ends. Not to be acknowledged before `sync` has returned.

        Raises `JournalError` when there is no room; what was half written is taken back.
        """
        data = frame.encode()
        with self._lock:
            try:
                if self._size > SEGMENT_HEADER_SIZE and self._full(len(data), frame.received_unix_nano):
                    self._roll()
                self._write(data)
            except OSError as error:
                self._take_back()
                raise JournalError(f"{self._folder}: can't be written: {error.strerror}") from error
            self._records += frame.records
            self._begun = self._begun or frame.received_unix_nano
            self._newest = frame.received_unix_nano
            return self.end

    def sync(self, end: Position) -> None:
        """Wait until everything before `end` is as durable as the mode promises. Raises `JournalError`."""
        try:
            match self._settings.sync:
                case SyncMode.NONE:
                    return
                case SyncMode.GROUP:
                    self._sync_together(end)
                case SyncMode.ALWAYS:
                    with self._lock:
                        os.fdatasync(self._file)
        except OSError as error:
            raise JournalError(f"{self._folder}: can't be written: {error.strerror}") from error

    def read(self, start: Position) -> Iterator[tuple[Frame, Position]]:
        """Frames after `start`, each with the place after it. A damaged part is set aside and the rest goes on."""
        for number in segment_numbers(self._folder):
            if number < start.segment:
                continue
            path = segment_path(self._folder, number)
            position = start.offset if number == start.segment else SEGMENT_HEADER_SIZE
            try:
                for entry in read_entries(path, position):
                    position = entry.end
                    yield entry.frame, Position(number, position)
            except (FrameError, SegmentError) as error:
                self._set_aside(path, number, position, error)

    def release(self, checkpointed: Position, now_unix_nano: int | None = None) -> None:
        """What is before `checkpointed` may be dropped; see `expire`."""
        with self._dropping:
            self._checkpointed = max(self._checkpointed, checkpointed)
        self.expire(now_unix_nano)

    def expire(self, now_unix_nano: int | None = None) -> None:
        """Drop the oldest segments while there are more bytes than allowed, or all in them is too old; none that holds
        what is not checkpointed."""
        oldest = 0
        if self._settings.max_age:
            oldest = (time.time_ns() if now_unix_nano is None else now_unix_nano) - self._settings.max_age
        with self._dropping:
            if self._begun and self._newest < oldest:
                self._leave_segment()
            held = self.bytes_held
            numbers = segment_numbers(self._folder)
            for number, following in pairwise(numbers):
                if Position(number, self._length(number)) > self._checkpointed or number >= self._number:
                    return
                # What came before the first of the next one is no younger than that.
                if held <= self._settings.max_bytes and (self._first_received(following) or self._newest) >= oldest:
                    return
                held -= self._length(number)
                segment_path(self._folder, number).unlink(missing_ok=True)

    def begin_segment(self) -> int:
        """Complete the segment that is written to; the number of the last complete one. Raises `JournalError`."""
        with self._lock:
            try:
                if self._size > SEGMENT_HEADER_SIZE:
                    self._roll()
            except OSError as error:
                raise JournalError(f"{self._folder}: can't be written: {error.strerror}") from error
            return self._number - 1

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.fdatasync(self._file)
                os.close(self._file)
                os.close(self._lock_file)
                self._file = -1

    def _cut_tail(self, numbers: list[int]) -> tuple[int, int, int]:
        """Records in all, number and length of the last segment, after cutting what is not whole at its end."""
        last = numbers[-1]
        path = segment_path(self._folder, last)
        if path.stat().st_size < SEGMENT_HEADER_SIZE:
            # Killed while beginning it: nothing in it was acknowledged.
            path.unlink()
            return self._cut_tail(numbers[:-1]) if numbers[:-1] else (0, 0, 0)
        records, end = read_header(path).records_before, SEGMENT_HEADER_SIZE
        try:
            for entry in read_entries(path, SEGMENT_HEADER_SIZE):
                records += entry.frame.records
                end = entry.end
                self._begun = self._begun or entry.frame.received_unix_nano
                self._newest = entry.frame.received_unix_nano
        except FrameError as error:
            size = path.stat().st_size
            _log.warning("%s: cut at %d of %d bytes: the last frame is not whole (%s)", path, end, size, error)
            os.truncate(path, end)
        if not self._newest and numbers[:-1]:
            self._newest = self._last_received(numbers[-2])
        return records, last, end

    def _open(self, number: int, fresh: bool) -> int:
        path = segment_path(self._folder, number)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT | os.O_TRUNC if fresh else 0)
        file = os.open(path, flags, 0o600)
        if fresh:
            try:
                size = os.write(file, SegmentHeader(number, self._records).encode())
            except OSError:
                os.close(file)
                path.unlink()
                raise
            self._size = size
            self._begun = 0
        self._number = number
        return file

    def _full(self, length: int, received_unix_nano: int) -> bool:
        if self._size + length > self._settings.segment_bytes:
            return True
        share = self._settings.max_age // _SHARE_OF_AGE
        return bool(share and self._begun) and received_unix_nano - self._begun > share

    def _roll(self) -> None:
        os.fdatasync(self._file)
        file = self._open(self._number + 1, fresh=True)
        os.close(self._file)
        self._file = file

    def _leave_segment(self) -> None:
        """Begin a new one, so that the one that is open can go; later if there is no room for that now."""
        with self._lock, suppress(OSError):
            if self._file >= 0 and self.end <= self._checkpointed:
                self._roll()

    def _length(self, number: int) -> int:
        """0 when it is gone."""
        try:
            return segment_path(self._folder, number).stat().st_size
        except FileNotFoundError:
            return 0

    def _first_received(self, number: int) -> int:
        """0 when it holds nothing that can be read."""
        with suppress(FileNotFoundError, FrameError, SegmentError):
            for place in read_places(segment_path(self._folder, number)):
                return place.header.received_unix_nano
        return 0

    def _last_received(self, number: int) -> int:
        received = 0
        with suppress(FileNotFoundError, FrameError, SegmentError):
            for place in read_places(segment_path(self._folder, number)):
                received = place.header.received_unix_nano
        return received

    def _write(self, data: bytes) -> None:
        written = os.write(self._file, data)
        while written < len(data):
            written += os.write(self._file, data[written:])
        self._size += len(data)

    def _take_back(self) -> None:
        os.ftruncate(self._file, self._size)

    def _sync_together(self, end: Position) -> None:
        """Wait until an fdatasync that began after `end` was written has ended; the first to come does it for all."""
        while True:
            with self._synced:
                if self._synced_until >= end:
                    return
                if self._syncing:
                    self._synced.wait()
                    continue
                self._syncing = True
            with self._lock:
                reached, file = self.end, os.dup(self._file)
            try:
                os.fdatasync(file)
            finally:
                os.close(file)
                with self._synced:
                    self._syncing = False
                    self._synced.notify_all()
            with self._synced:
                self._synced_until = max(self._synced_until, reached)

    def _records_before(self, number: int) -> int:
        """In all segments before it. Raises `SegmentError`."""
        try:
            return read_header(segment_path(self._folder, number)).records_before
        except SegmentError:
            earlier = [known for known in segment_numbers(self._folder) if known < number]
            if not earlier:
                raise
            held = sum(entry.frame.records for entry in _readable(segment_path(self._folder, earlier[-1])))
            return self._records_before(earlier[-1]) + held

    def _set_aside(self, path: Path, number: int, position: int, error: FrameError | SegmentError) -> None:
        """Keep a copy of the damaged rest for whoever wants to look; count what it held, as far as that is known."""
        following = [later for later in segment_numbers(self._folder) if later > number]
        lost = 0
        if following:
            kept = sum(entry.frame.records for entry in _readable(path) if entry.end <= position)
            with suppress(SegmentError):
                before = self._records_before(number)
                lost = max(0, read_header(segment_path(self._folder, following[0])).records_before - before - kept)
        aside = path.with_suffix(".damaged")
        aside.write_bytes(path.read_bytes()[position:])
        aside.chmod(0o600)
        self.lost_records += lost
        _log.error(
            "%s is damaged from byte %d on (%s): %d records lost; the damaged part is kept as %s",
            path, position, error, lost, aside,
        )  # fmt: skip


def _check_formats(folder: Path, numbers: list[int]) -> None:
    """Raises `NewerFormatError`; other damage is the matter of whoever reads."""
    for number in numbers:
        try:
            read_header(segment_path(folder, number))
        except NewerFormatError:
            raise
        except SegmentError:
            continue


def _lock(folder: Path) -> int:
    """Keep other processes out for as long as this one lives. Raises `OSError`."""
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise OSError(error.errno, "another process uses it; stop that one or set another data_dir") from error
    return file


def _readable(path: Path) -> Iterator[Entry]:
    try:
        yield from read_entries(path, SEGMENT_HEADER_SIZE)
    except (FrameError, SegmentError):
        return
