"""A backup: checkpoint, incidents and the journal after the checkpoint, of one moment, with checksums."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server.checkpointer import Checkpointer
from server.engine import Engine
from server.journal import Journal, JournalSettings, Position
from server.journal.frame import FrameKind
from server.journal.segment import segment_numbers, segment_path
from server.private_file import private

FORMAT = 1
MANIFEST = "backup.json"
_LOCK = "lock"
_CHUNK = 2**20


class BackupError(Exception):
    """A backup that can't be made or restored; the message says why. Nothing that was there has been changed."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """`path` is relative to the backup, with slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Written last: a folder without one is no backup."""

    format: int
    create_unix_nano: int
    # Log records and spans that were received, all told.
    logs: int
    spans: int
    files: tuple[KeptFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Backup:
    """Of what is in `data_dir`; `between` as for forgetting."""

    data_dir: Path
    engine: Engine
    checkpointer: Checkpointer
    journal: Journal
    between: Callable[[Callable[[Position], object]], object]

    def run(self, target: Path) -> Manifest:
        """Into `target`, which must be empty or not there. Raises `BackupError` and `OSError`."""
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BackupError(f"{target}: is not an empty folder; name a new one")
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Links take no time and no room, and what they lead to is replaced, never changed; but for the end of the
        # journal, which only grows.
        staged = self.data_dir / f"backup-{os.getpid()}"
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, staged, ignore_errors=True)
            received: list[tuple[Position, int, int]] = []
            self.between(lambda position: received.append(self._stage(staged, position)))
            position, logs, spans = received[0]
            _copy(staged, target)
            more_logs, more_spans = _received_after(target / "journal", position)
            files = tuple(_described(path, target) for path in sorted(target.rglob("*")) if path.is_file())
            manifest = Manifest(FORMAT, time.time_ns(), logs + more_logs, spans + more_spans, files)
            _write(target / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        return manifest

    def _stage(self, staged: Path, position: Position) -> tuple[Position, int, int]:
        """The moment itself. Whoever saves an incident holds the lock of the engine."""
        shutil.rmtree(staged, ignore_errors=True)
        with self.engine.lock:
            self.checkpointer.save_now(position)
            state = self.checkpointer.saved_ledger()
            _link(self.data_dir / "checkpoint", staged / "checkpoint")
            _link(self.data_dir / "incidents", staged / "incidents")
        folder = staged / "journal"
        folder.mkdir(mode=0o700)
        for number in segment_numbers(self.data_dir / "journal"):
            if number >= position.segment:
                path = segment_path(self.data_dir / "journal", number)
                _link_file(path, folder / path.name)
        return position, state.logs.taken + state.logs.rejected, state.traces.taken + state.traces.rejected


def read_manifest(folder: Path) -> Manifest:
    """Raises `BackupError`."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise BackupError(f"{folder}: is no complete backup: {MANIFEST}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BackupError(f"{folder}: {MANIFEST} can't be read: {error}") from error
    if manifest.format > FORMAT:
        raise BackupError(
            f"{folder}: was made by a newer version (format {manifest.format}, known is {FORMAT}); restore it with that"
        )
    return manifest


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(path: Path, folder: Path) -> KeptFile:
    return KeptFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256(path))


def _link(source: Path, target: Path) -> None:
    """All files below. A table's versions first: what they refer to was there before them."""
    target.mkdir(mode=0o700, parents=True)
    if source.is_dir():
        for path in sorted(source.iterdir(), key=lambda item: (item.name != "_versions", item.name)):
            if path.is_dir():
                _link(path, target / path.name)
            elif path.name != _LOCK:
                _link_file(path, target / path.name)


def _link_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        # Not every file system has links.
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        where = target / path.relative_to(source)
        if path.is_dir():
            where.mkdir(mode=0o700)
        else:
            _copy_file(path, where)


def _copy_file(source: Path, target: Path) -> None:
    """As much as is there now, on disk when it returns."""
    left = source.stat().st_size
    with source.open("rb") as read, open(target, "xb", opener=private) as written:
        while left and (chunk := read.read(min(left, _CHUNK))):
            written.write(chunk)
            left -= len(chunk)
        written.flush()
        os.fsync(written.fileno())


def _write(path: Path, data: bytes) -> None:
    with open(path, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _received_after(folder: Path, position: Position) -> tuple[int, int]:
    """Log records and spans in the journal of a backup after its checkpoint; cuts the end that is not whole."""
    journal = Journal(folder, JournalSettings(), position)
    totals = {FrameKind.LOGS: 0, FrameKind.TRACES: 0, FrameKind.IDLE: 0}
    for frame, _ in journal.read(position):
        totals[frame.kind] += frame.records + frame.rejected
    journal.close()
    (folder / _LOCK).unlink(missing_ok=True)
    return totals[FrameKind.LOGS], totals[FrameKind.TRACES]
