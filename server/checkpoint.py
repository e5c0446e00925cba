"""What was learned, on disk: written beside the journal, so that a start replays only what came after."""

import gc
import logging
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from analyzers.summary import Summary
from server.engine import EngineState
from server.first_checkpoint import decode_first
from server.journal import Position
from server.ledger import LedgerState
from server.pieces import PiecesError, join, split
from server.private_file import private

_log = logging.getLogger(__name__)
# 1: one document of MessagePack. 2: the same in pieces.
FORMAT = 2
_MAGIC = b"HYPC"
# Magic, format, CRC-32 of the rest.
_HEADER = struct.Struct("<4sII")
_REMEDY = "move it away to start anew: the journal is then replayed from its beginning"
# Bytes read at once to check them.
_CHUNK = 2**20
# Seconds of work after which the interpreter is given up, and for how long: long enough for another thread to take it.
_WORK = 0.001
_PAUSE = 0.0001
_Kept = TypeVar("_Kept")


class CheckpointError(Exception):
    """A checkpoint that can't be read; the message says what to do. Nothing was changed."""


@dataclass(slots=True)
class CheckpointState:
    """Everything up to `position` of the journal, and nothing after it."""

    position: Position
    ledger: LedgerState
    seen: list[tuple[bytes, int]]
    engine: EngineState
    # Start of a closed bucket to the generation of the file that holds it.
    buckets: dict[int, int] = field(default_factory=dict)
    generation: int = 0


class CheckpointFolder:
    """One state at a time, replaced as a whole: a crash leaves the old one or the new one, never half of each.

    Closed buckets hardly change and are kept in files of their own, written when they did.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load(self) -> tuple[CheckpointState, Iterator[Summary]] | None:
        """The state and its closed buckets, read one at a time; None where there is none yet.

        Raises `CheckpointError`.
        """
        if not self._state.exists():
            return None
        state = self._read(self._state, CheckpointState)
        self._sweep(state.buckets)
        return state, self._closed(dict(state.buckets))

    def save(self, state: CheckpointState, changed: Iterable[Summary], held: set[int]) -> None:
        """Replace the state. `changed` are closed buckets to write anew, `held` the starts of all still held.

        Raises `OSError`; the old state then stands.
        """
        generation = state.generation + 1
        buckets = {start: old for start, old in state.buckets.items() if start in held}
        for bucket in changed:
            self._write(self._bucket(bucket.start_unix_nano, generation), bucket)
            buckets[bucket.start_unix_nano] = generation
        state.buckets, state.generation = buckets, generation
        self._write(self._state, state)
        self._sweep(buckets)

    def _closed(self, buckets: dict[int, int]) -> Iterator[Summary]:
        # Newest first: what is older can be packed at once.
        for start, generation in sorted(buckets.items(), reverse=True):
            try:
                yield self._read(self._bucket(start, generation), Summary)
            except (CheckpointError, OSError) as error:
                # Only look-ups into the past miss it; refusing to start would be the greater harm.
                _log.error("a closed bucket can't be read and is left out: %s", error)

    def _bucket(self, start: int, generation: int) -> Path:
        return self._folder / f"{start}-{generation}.bucket"

    def _write(self, path: Path, value: object) -> None:
        temporary = path.with_name(f"{path.name}.new")
        temporary.unlink(missing_ok=True)
        checksum = 0
        with open(temporary, "xb", opener=private) as file:
            file.write(bytes(_HEADER.size))
            worked = time.monotonic()
            for piece in split(value, type(value)):
                checksum = zlib.crc32(piece, checksum)
                file.write(piece)
                if time.monotonic() - worked >= _WORK:
                    time.sleep(_PAUSE)
                    worked = time.monotonic()
            file.seek(0)
            file.write(_HEADER.pack(_MAGIC, FORMAT, checksum))
        temporary.replace(path)

    def _read(self, path: Path, kind: type[_Kept]) -> _Kept:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size or header[:4] != _MAGIC:
                raise CheckpointError(f"{path}: is no checkpoint; {_REMEDY}")
            _, version, expected = _HEADER.unpack(header)
            if version > FORMAT:
                raise CheckpointError(
                    f"{path}: was written by a newer version (format {version}, known is {FORMAT}); run that version"
                )
            checksum = 0
            while chunk := file.read(_CHUNK):
                checksum = zlib.crc32(chunk, checksum)
            if checksum != expected:
                raise CheckpointError(f"{path}: is damaged; {_REMEDY}")
            file.seek(_HEADER.size)
            try:
                if version == 1:
                    return self._migrated(file.read(), kind)
                # All of it stays: walking over it again and again while it grows would take longer than reading it,
                # and hold the interpreter for most of a second.
                swept = gc.isenabled()
                gc.disable()
                try:
                    kept: _Kept = join(file.read, kind)
                finally:
                    if swept:
                        gc.enable()
            except (msgspec.DecodeError, PiecesError) as error:
                raise CheckpointError(f"{path}: does not fit this version ({error}); {_REMEDY}") from error
            return kept

    def _migrated(self, body: bytes, kind: type[_Kept]) -> _Kept:
        """From format 1, in which buckets were as they are. Raises `msgspec.DecodeError`."""
        if kind is not CheckpointState:
            return msgspec.msgpack.decode(body, type=kind)
        first = decode_first(body)
        state: Any = CheckpointState(
            first.position, first.ledger, first.seen, first.engine.state(), first.buckets, first.generation
        )
        _log.info("the checkpoint is of format 1 and is migrated; spans that waited for another half are let go")
        kept: _Kept = state
        return kept

    def _sweep(self, buckets: dict[int, int]) -> None:
        """Remove what no state refers to."""
        wanted = {self._bucket(start, generation).name for start, generation in buckets.items()}
        for path in self._folder.glob("*.bucket*"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        (self._folder / "state.new").unlink(missing_ok=True)
