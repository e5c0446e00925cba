"""Packed buckets on disk: they are many, hardly ever looked at, and of the size of what is sent."""

import logging
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from analyzers.spool import InMemory, Kept
from server.private_file import private

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path

    def read(self) -> bytes:
        return self.path.read_bytes()

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class FolderSpool:
    """A file for each. They serve this process alone: a start takes its buckets from the checkpoint.

    What can't be written stays in memory.
    """

    def __init__(self, folder: Path) -> None:
        """Removes what an earlier process left. Raises `OSError`."""
        self._folder = folder
        self._numbers = count()
        self._failing = False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()

    def __call__(self, data: bytes) -> Kept:
        path = self._folder / str(next(self._numbers))
        try:
            with open(path, "xb", opener=private) as file:
                file.write(data)
        except OSError as error:
            if not self._failing:
                _log.warning("closed windows stay in memory while they can't be written to %s: %s", self._folder, error)
            self._failing = True
            path.unlink(missing_ok=True)
            return InMemory(data)
        self._failing = False
        return _File(path)
