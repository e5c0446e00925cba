"""What others want done between two deliveries, by the one thread that changes what is known."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from server.journal import Position

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Errand:
    work: Callable[[Position], Any]
    future: "Future[Any]"


class Errands:
    """Entered by any thread, run by the pipeline."""

    def __init__(self) -> None:
        self._waiting: deque[_Errand] = deque()

    def enter(self, work: Callable[[Position], _Result]) -> "Future[_Result]":
        """`work` is called with the place up to which everything is counted. What it raises is in the future, but for
        `SystemExit`, which ends the pipeline where it stands."""
        future: Future[_Result] = Future()
        self._waiting.append(_Errand(work, future))
        return future

    def run(self, position: Position) -> None:
        """All that were entered, in order."""
        while self._waiting:
            errand = self._waiting.popleft()
            if not errand.future.set_running_or_notify_cancel():
                continue
            try:
                errand.future.set_result(errand.work(position))
            except SystemExit:
                errand.future.set_result(None)
                raise
            except Exception as error:  # noqa: BLE001 - belongs to whoever waits for it
                errand.future.set_exception(error)
