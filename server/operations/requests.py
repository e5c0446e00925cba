"""How a command of this machine asks a running service for something: by files in its data directory.

Erasing and copying everything is more than any role of a token may, so no port is open for it: one has to be the user
that the service runs as, who could change all of it by hand. A request is a file of its own, answered by another; the
folder and all in it belong to that user alone, or nothing in it is done.
"""

import os
import stat
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

    def claim(self) -> None:
        """For the service: make the folder, or close it to others. Raises `RequestError` when it is somebody else's."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            # Volumes may be mounted with rights for a group.
            if self._is_ours(self._folder.lstat()):
                self._folder.chmod(0o700)
        except OSError as error:
            raise RequestError(f"{self._folder}: {error.strerror}") from error
        self._check()

    def ask(self, request: Request, seconds: float) -> Answer:
        """Raises `RequestError` when the folder is not this user's alone, and when no answer came in time: what was
        begun goes on."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._check()
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
        """Raises `RequestError` when others may write there."""
        if not self._folder.exists():
            return []
        self._check()
        return sorted(self._folder.glob("*.request"))

    def read(self, path: Path) -> Request:
        """Raises `RequestError` for what others could have written, and what is no request."""
        try:
            # Not to wait for whoever would write to a pipe.
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise RequestError(f"the request can't be read: {error.strerror}") from error
        try:
            status = os.fstat(file)
            # A second name could be that of a file which was never meant as a request.
            plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            if not plain or status.st_uid != os.geteuid() or status.st_mode & 0o077:
                raise RequestError("the request is not this user's own, or others can read or write it")
            return msgspec.json.decode(os.read(file, _MOST_BYTES), type=Request)
        except msgspec.DecodeError as error:
            raise RequestError(f"the request can't be understood: {error}") from error
        finally:
            os.close(file)

    def sweep(self) -> None:
        """Of a process before this one: answers that nobody fetched, and backups that nobody waits for. Raises
        `RequestError` as `waiting` does."""
        waiting = self.waiting()
        for path in self._folder.glob("*.answer"):
            path.unlink(missing_ok=True)
        for path in waiting:
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

    def _check(self) -> None:
        try:
            status = self._folder.lstat()
        except OSError as error:
            raise RequestError(f"{self._folder}: {error.strerror}") from error
        if not self._is_ours(status) or status.st_mode & 0o077:
            raise RequestError(
                f"{self._folder}: others than the user of this process own it or may write there, so that nothing in it"
                " is done; remove it, or give it to that user with mode 0700"
            )

    @staticmethod
    def _is_ours(status: os.stat_result) -> bool:
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _put(path: Path, message: object) -> None:
    new = path.with_suffix(f"{path.suffix}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(msgspec.json.encode(message))
    new.rename(path)
