"""What is going on, all the time: one line that changes on a terminal, a line now and then elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from rich.console import Console
from rich.status import Status

T = TypeVar("T")

# Without a terminal, where nothing can be written over; the second when there is no end to wait for.
_LINE_EVERY_SECONDS = 5
_LINE_NOW_AND_THEN_SECONDS = 30
Facts = Callable[[], Awaitable[str]]


class Progress:
    """facts gives what to say besides phase and time, for example how much was received."""

    def __init__(self, console: Console, facts: Facts) -> None:
        self._console = console
        self._facts = facts

    async def during(self, phase: str, task: asyncio.Task[T], seconds: float | None = None) -> T | None:
        """Shows the phase until the task is done, and gives its result; None when the seconds ran out before.

        The task is not cancelled then. Raises what the task raises.
        """
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        with self._line(phase) as status:
            passed = 0
            every = _LINE_NOW_AND_THEN_SECONDS if end is None else _LINE_EVERY_SECONDS
            while not task.done() and (end is None or loop.time() < end):
                left = "" if end is None else f", {max(0, round(end - loop.time()))} s left"
                text = f"{phase}{left}; {await self._facts()}"
                if status is not None:
                    status.update(text)
                elif passed % every == 0:
                    self._console.print(text, markup=False, highlight=False)
                passed += 1
                tick = 1.0 if end is None else min(1.0, max(0.0, end - loop.time()))
                await asyncio.wait([task], timeout=tick)
        return task.result() if task.done() else None

    def _line(self, phase: str) -> AbstractContextManager[Status | None]:
        return self._console.status(phase, spinner="dots") if self._console.is_terminal else nullcontext()
