"""Does what operators ask of this service, one thing at a time, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analyzers.erasure import Selection
from rca.store.base import StoreError
from server.journal import JournalError
from server.operations.backup import Backup, BackupError
from server.operations.forgetting import Forgetting, Forgotten
from server.operations.requests import Answer, Request, RequestError, RequestFolder

_log = logging.getLogger(__name__)
_POLL = 0.3


@dataclass(frozen=True, slots=True)
class Work:
    """What can be asked for."""

    backup: Backup
    forgetting: Forgetting

    def do(self, request: Request) -> Answer:
        """Never raises: what went wrong is in the answer."""
        try:
            if request.target:
                return Answer(self._backed_up(Path(request.target)))
            return Answer(described(self.forgetting.run(selection_of(request))))
        except (BackupError, JournalError, RequestError, StoreError) as error:
            return Answer(error=str(error))
        except OSError as error:
            return Answer(error=f"{error.filename or ''}: {error.strerror}".strip(": "))

    def _backed_up(self, target: Path) -> tuple[str, ...]:
        made = self.backup.run(target)
        return (f"{target}: {made.logs} log records and {made.spans} spans received, {made.size} bytes",)


class Desk:
    def __init__(self, data_dir: Path, work: Work, refused: Callable[[], object]) -> None:
        """`refused` is called for every request that is none or could be another's, and when others may write them."""
        self._requests = RequestFolder(data_dir)
        self._work = work
        self._refused = refused
        # Why the folder is not looked into, once that was said.
        self._closed = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operations", daemon=True)

    def start(self) -> None:
        try:
            self._requests.claim()
            self._requests.sweep()
        except RequestError as error:
            self._close(error)
        self._thread.start()

    def stop(self) -> None:
        """What is under way is left to the end of the process; requests without an answer are done at the next start.
        Safe to call more than once."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_POLL):
            try:
                waiting = self._requests.waiting()
            except RequestError as error:
                self._close(error)
                continue
            self._closed = ""
            for path in waiting:
                self._serve(path)

    def _close(self, error: RequestError) -> None:
        if str(error) != self._closed:
            self._closed = str(error)
            self._refused()
            _log.error("requests of operators are not served: %s", error)

    def _serve(self, path: Path) -> None:
        try:
            answer = self._work.do(self._requests.read(path))
        except RequestError as error:
            answer = Answer(error=str(error))
            self._refused()
            _log.warning("audit: refused %s: %s", path.name, error)
        except Exception:  # noqa: BLE001 - one request must not end the thread that serves the others
            _log.exception("a request of an operator failed")
            answer = Answer(error="it failed; the log of the service says why")
        try:
            self._requests.answer(path, answer)
        except OSError as error:
            _log.error("%s: can't be answered: %s", path, error)
            path.unlink(missing_ok=True)


def selection_of(request: Request) -> Selection:
    """Raises `RequestError` unless exactly one thing is selected."""
    times = bool(request.start_unix_nano or request.end_unix_nano)
    if bool(request.service) + bool(request.trace_id) + times != 1:
        raise RequestError("say what to erase: --service NAME, --trace ID, or --from TIME with --to TIME")
    if times and not 0 < request.start_unix_nano < request.end_unix_nano:
        raise RequestError("--from must be before --to; both are needed")
    try:
        trace_id = bytes.fromhex(request.trace_id)
    except ValueError:
        raise RequestError("--trace takes the 32 hex digits of a trace id") from None
    if trace_id and len(trace_id) != 16:
        raise RequestError("--trace takes the 32 hex digits of a trace id")
    return Selection(request.service, trace_id, request.start_unix_nano, request.end_unix_nano)


def described(done: Forgotten) -> tuple[str, ...]:
    """One line each."""
    lines = [
        f"{done.records} log records and spans out of {done.segments} segments of the journal",
        f"{done.buckets} closed time buckets changed, {done.open_spans} waiting spans dropped",
        f"{done.baselines} baselines dropped, {done.incidents} incidents changed",
    ]
    if done.damaged_files:
        lines.append(f"{done.damaged_files} files with damaged parts of the journal removed")
    if done.not_searched:
        lines.append(f"{done.not_searched} damaged segments could not be searched")
    return tuple(lines)
