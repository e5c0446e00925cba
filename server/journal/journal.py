"""The journal as a whole: appended to before an acknowledgement, read from the last checkpoint on at a start."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from server.journal.frame import Frame
from server.journal.group_commit import GroupCommit
from server.journal.position import START, Position
from server.journal.replay import Replay
from server.journal.retention import Retention
from server.journal.segment import NewerFormatError, SegmentError, read_header, segment_numbers, segment_path
from server.journal.settings import JournalSettings, SyncMode
from server.journal.tail import cut_tail
from server.journal.writer import Writer


class JournalError(Exception):
    """The journal can't be opened or written; the message says what to do. Nothing was acknowledged."""


class Journal:
    """Frames in the order in which they were acknowledged. Safe to append to from several threads; one process.

    Opening cuts the torn end of the last segment: those frames were never acknowledged.
    """

    def __init__(self, folder: Path, settings: JournalSettings, after: Position = START) -> None:
        """`after`: what is appended ends after this, even if the journal that was known once is gone."""
        self._folder = folder
        self._sync = settings.sync
        self._replay = Replay(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock_file = _lock(folder)
            numbers = segment_numbers(folder)
            _check_formats(folder, numbers)
            self._writer = Writer(folder, settings, cut_tail(folder, numbers), after)
        except (OSError, SegmentError) as error:
            raise JournalError(f"{folder}: the journal can't be opened: {error}") from error
        self._group = GroupCommit(self._writer.reached)
        self._retention = Retention(folder, settings, self._writer)

    @property
    def end(self) -> Position:
        return self._writer.end

    @property
    def bytes_held(self) -> int:
        return self._retention.bytes_held

    @property
    def oldest_unix_nano(self) -> int:
        """When the oldest frame there is was received; 0 when there is none."""
        return self._retention.oldest_unix_nano

    @property
    def lost_records(self) -> int:
        """In damaged parts that were set aside at the start."""
        return self._replay.lost_records

    def append(self, frame: Frame, header: bytes | None = None) -> Position:
        """Write one frame and return where it ends. Not to be acknowledged before `sync` has returned.

        `header` is that of the frame, where it was made before: reading all of the payload for its checksum takes time,
        in which whoever holds a lock of his own had better not be. Raises `JournalError` when there is no room; what
        was half written is taken back.
        """
        try:
            return self._writer.append(frame, frame.header() if header is None else header)
        except OSError as error:
            raise self._unwritable(error) from error

    def sync(self, end: Position) -> None:
        """Wait until everything before `end` is as durable as the mode promises. Raises `JournalError`."""
        try:
            match self._sync:
                case SyncMode.NONE:
                    return
                case SyncMode.GROUP:
                    self._group.wait(end)
                case SyncMode.ALWAYS:
                    self._writer.sync()
        except OSError as error:
            raise self._unwritable(error) from error

    def read(self, start: Position) -> Iterator[tuple[Frame, Position]]:
        """Frames after `start`, each with the place after it. A damaged part is set aside and the rest goes on."""
        return self._replay.read(start)

    def release(self, checkpointed: Position, now_unix_nano: int | None = None) -> None:
        """What is before `checkpointed` may be dropped; see `expire`."""
        self._retention.release(checkpointed)
        self.expire(now_unix_nano)

    def expire(self, now_unix_nano: int | None = None) -> None:
        """Drop the oldest segments while there are more bytes than allowed, or all in them is too old; none that holds
        what is not checkpointed."""
        self._retention.expire(now_unix_nano)

    def begin_segment(self) -> int:
        """Complete the segment that is written to; the number of the last complete one. Raises `JournalError`."""
        try:
            return self._writer.begin_segment()
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Returns when the disk has everything. Safe to call more than once."""
        self._writer.close()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def _unwritable(self, error: OSError) -> JournalError:
        return JournalError(f"{self._folder}: can't be written: {error.strerror}")


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
