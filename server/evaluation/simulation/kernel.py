"""Simulated time: processes that wait, and things they wait for. Nothing here knows of services."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any, TypeAlias

# A process yields nanoseconds to sleep, or a gate to wait at; it is sent what the gate was opened with.
Process: TypeAlias = "Generator[int | Gate, Any, None]"


class Kernel:
    """The clock and what is to happen. Equal times keep the order in which they were asked for."""

    def __init__(self, start_unix_nano: int) -> None:
        self.now = start_unix_nano
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._asked = 0

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Do `action` at `time`, or now if that is past."""
        self._asked += 1
        heappush(self._heap, (max(time, self.now), self._asked, action))

    def start(self, process: Process) -> None:
        self.at(self.now, partial(self._resume, process, None))

    def run_until(self, time: int) -> None:
        """Everything that happens before `time`; the clock stands there afterwards."""
        while self._heap and self._heap[0][0] < time:
            self.now, _, action = heappop(self._heap)
            action()
        self.now = time

    def gate(self, patience: int | None = None) -> "Gate":
        """A gate that opens by itself, with None, after `patience` nanoseconds."""
        gate = Gate(self)
        if patience is not None:
            self.at(self.now + patience, partial(gate.open, None))
        return gate

    def _resume(self, process: Process, value: object) -> None:
        try:
            wanted = process.send(value)
        except StopIteration:
            return
        if isinstance(wanted, Gate):
            wanted.then(partial(self._resume, process))
        else:
            self.at(self.now + wanted, partial(self._resume, process, None))


@dataclass(slots=True)
class Gate:
    """Opens once; whoever waits is sent what it was opened with."""

    kernel: Kernel
    opened: bool = False
    _value: object = None
    _waiting: list[Callable[[object], None]] = field(default_factory=list)

    def open(self, value: object) -> None:
        """Only the first time counts."""
        if self.opened:
            return
        self.opened, self._value = True, value
        for resume in self._waiting:
            self.kernel.at(self.kernel.now, partial(resume, value))
        self._waiting.clear()

    def then(self, resume: Callable[[object], None]) -> None:
        if self.opened:
            self.kernel.at(self.kernel.now, partial(resume, self._value))
        else:
            self._waiting.append(resume)


class Slots:
    """A limited number of places, given in the order of asking: workers, cores, connections."""

    def __init__(self, kernel: Kernel, size: int) -> None:
        self._kernel = kernel
        self._size = size
        self._used = 0
        self._queue: deque[Gate] = deque()

    def take(self, patience: int | None = None) -> Gate:
        """Opened with True when there is a place, with None when it took longer than `patience`."""
        if self._used < self._size:
            self._used += 1
            gate = Gate(self._kernel)
            gate.open(True)
            return gate
        gate = self._kernel.gate(patience)
        self._queue.append(gate)
        return gate

    def give(self) -> None:
        self._used -= 1
        self._admit()

    def resize(self, size: int) -> None:
        """Places in use stay so until they are given back."""
        self._size = size
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._used < self._size:
            gate = self._queue.popleft()
            if not gate.opened:
                self._used += 1
                gate.open(True)
