"""The segment that is appended to, and the beginning of the next one."""

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from server.journal.completion import Completion
from server.journal.frame import FORMAT, Frame
from server.journal.position import Position
from server.journal.segment import SEGMENT_HEADER_SIZE, SegmentHeader, read_header, segment_path
from server.journal.settings import JournalSettings, SyncMode
from server.journal.tail import Tail

_log = logging.getLogger(__name__)
# A segment goes as a whole, so it may hold no more than this part of the age at which it has to go.
_SHARE_OF_AGE = 8


class Writer:
    """Appends frames in the order in which they are given. Safe for threads."""

    def __init__(self, folder: Path, settings: JournalSettings, tail: Tail, after: Position) -> None:
        """Goes on at `tail`, or after `after` when that is later. Raises `OSError` and `SegmentError`."""
        self._folder = folder
        self._settings = settings
        self._lock = threading.Lock()
        self._completion = Completion()
        self._records, self._size = tail.records, tail.size
        # Receive times of the first and the last frame of this segment; the last is that of the one before while there
        # is none.
        self._begun, self._newest = tail.begun, tail.newest
        self._number = tail.number
        self._file = self._open(tail.number or 1, fresh=not tail.number)
        if read_header(segment_path(folder, self._number)).version != FORMAT:
            # One file has one format.
            self._roll()
        if self.end < after:
            _log.error("%s: ends before what is checkpointed; parts of it are gone", folder)
            os.close(self._file)
            self._file = self._open(after.segment + 1, fresh=True)

    @property
    def end(self) -> Position:
        return Position(self._number, self._size)

    @property
    def newest_unix_nano(self) -> int:
        """When the last frame was received; 0 when there is none."""
        return self._newest

    def append(self, frame: Frame, header: bytes) -> Position:
        """`header` is that of the frame. Returns where it ends. Raises `OSError`; what was half written is taken back
        then."""
        with self._lock:
            try:
                size = len(header) + len(frame.payload)
                if self._size > SEGMENT_HEADER_SIZE and self._full(size, frame.received_unix_nano):
                    self._roll()
                self._write(header, frame.payload)
            except OSError:
                os.ftruncate(self._file, self._size)
                raise
            self._records += frame.records
            self._begun = self._begun or frame.received_unix_nano
            self._newest = frame.received_unix_nano
            return self.end

    def sync(self) -> None:
        """Wait until the disk has all that was appended. Raises `OSError`."""
        with self._lock:
            os.fdatasync(self._file)

    def reached(self) -> tuple[Position, int]:
        """Where it ends, and a descriptor to sync up to there, for the caller to close."""
        with self._lock:
            return self.end, os.dup(self._file)

    def begin_segment(self) -> int:
        """Complete the segment that is written to; the number of the last complete one. Raises `OSError`."""
        with self._lock:
            if self._size > SEGMENT_HEADER_SIZE:
                self._roll()
            return self._number - 1

    def leave(self, oldest_unix_nano: int, checkpointed: Position) -> None:
        """Begin a new segment when all in this one was received before and is checkpointed, so that it can go; later if
        there is no room for that now."""
        if self._begun and self._newest < oldest_unix_nano:
            with self._lock, suppress(OSError):
                if self._file >= 0 and self.end <= checkpointed:
                    self._roll()

    def close(self) -> None:
        """Returns when the disk has everything. Safe to call more than once."""
        with self._lock:
            if self._file >= 0:
                os.fdatasync(self._file)
                os.close(self._file)
                self._file = -1
        self._completion.close()

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
        if self._settings.sync is not SyncMode.NONE:
            # Whoever waits for the disk syncs the new file alone. Little is left to be written: most was synced before.
            os.fdatasync(self._file)
        complete, self._file = self._file, self._open(self._number + 1, fresh=True)
        self._completion.take(complete)

    def _write(self, header: bytes, payload: bytes) -> None:
        size = len(header) + len(payload)
        written = os.writev(self._file, (header, payload))
        while written < size:
            written += os.write(self._file, (header + payload)[written:])
        self._size += size
