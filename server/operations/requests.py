"""How a command of this machine asks a running service for something: by files in its data directory.

Whoever may write there could change everything by hand; so that is all the permission there is, and no port is open
for it. A request is a file of its own, answered by another, both readable by nobody else.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import msgspec

_POLL = 0.1
_MOST_BYTES = 65_536


class RequestError(Exception):
    """The service did not do it; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One of the two: `target` of a backup, or what to erase."""

    target: str = ""
    service: str = ""
    trace_id: str = ""
    start_unix_nano: int = 0
    end_unix_nano: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is empty when it was done; `lines` say what."""

    lines: tuple[str, ...] = ()
    error: str = ""


class RequestFolder:
    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "requests"

    def ask(self, request: Request, seconds: float) -> Answer:
        """Raises `RequestError` when no answer came in time: what was begun goes on."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = token_hex(8)
        asked, answered = self._folder / f"{name}.request", self._folder / f"{name}.answer"
        _put(asked, request)
        deadline = time.monotonic() + seconds
        while not answered.exists():
            if time.monotonic() > deadline:
                raise RequestError(f"no answer within {seconds:g} s; what was begun goes on: see the service's log")
            time.sleep(_POLL)
        answer = msgspec.json.decode(answered.read_bytes(), type=Answer)
        answered.unlink()
        return answer

    def waiting(self) -> list[Path]:
        return sorted(self._folder.glob("*.request")) if self._folder.is_dir() else []

    def read(self, path: Path) -> Request:
        """Raises `RequestError` for what others could have written, and what is no request."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise RequestError(f"the request can't be read: {error.strerror}") from error
        try:
            status = os.fstat(file)
            if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o077:
                raise RequestError("the request is not this user's own, or others can read or write it")
            return msgspec.json.decode(os.read(file, _MOST_BYTES), type=Request)
        except msgspec.DecodeError as error:
            raise RequestError(f"the request can't be understood: {error}") from error
        finally:
            os.close(file)

    def sweep(self) -> None:
        """Of a process before this one: answers that nobody fetched, and backups that nobody waits for."""
        for path in self._folder.glob("*.answer"):
            path.unlink(missing_ok=True)
        for path in self.waiting():
            try:
                stale = bool(self.read(path).target)
            except RequestError:
                stale = True
            if stale:
                path.unlink(missing_ok=True)

    def answer(self, path: Path, answer: Answer) -> None:
        """Also removes the request: unanswered ones are done again after a crash."""
        _put(path.with_suffix(".answer"), answer)
        path.unlink(missing_ok=True)


def _put(path: Path, message: object) -> None:
    new = path.with_suffix(f"{path.suffix}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(msgspec.json.encode(message))
    new.rename(path)
