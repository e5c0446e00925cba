"""How much memory this process has, may have, and what happens before the kernel ends it."""

import ctypes
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from server.config import MemoryAmount

_log = logging.getLogger(__name__)
# Seconds between two looks, and between two attempts to give memory back: while it is open, and while it is closed.
_EVERY, _RELIEF_EVERY, _RELIEF_CLOSED = 0.1, 5.0, 0.5
# Share of the ceiling above which what is free is given back to the system, and below which closed doors open again.
_LOW = 0.85
# Seconds within which it closes again without a word in the log.
_TELL_EVERY = 30.0
# Seconds that it stays closed with nothing to do before one request is let in: what needs later records to be closed
# and forgotten would else be held for good, and senders would wait for good.
_STUCK_AFTER = 5.0
_ROOT = Path("/")


def resident_bytes() -> int:
    """Of this process; 0 where the system does not say (there is no /proc)."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


def available_bytes(root: Path = _ROOT) -> int:
    """What this process may use at most: the least of its control groups' limits (v2 or v1) and of what the machine
    has; 0 where the system does not say. `root` is where /proc and /sys lie."""
    return min(filter(None, (_machine(root), *_control_groups(root))), default=0)


def ceiling_of(amount: MemoryAmount, available: int) -> int:
    """In bytes; 0 for none, as without /proc: what can't be seen to fall must not close a door."""
    return amount.bytes or int(amount.share * available)


def give_back() -> None:
    """Memory that nothing uses and the allocators keep: Arrow's pool and the C library's."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Memory:
    """Closes above `ceiling` bytes and opens again below a lower mark, or when nothing is left to be worked off and it
    is below the ceiling: waiting longer would change nothing. Above the ceiling it is then `stuck`.

    `reliefs` drop what can be dropped without harm; they are called before it closes, and while it is closed.
    """

    def __init__(
        self,
        ceiling: int = 0,
        reliefs: Sequence[Callable[[], object]] = (give_back,),
        read: Callable[[], int] = resident_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ceiling` 0 is none."""
        self.ceiling = ceiling
        self.closed = False
        self._reliefs = tuple(reliefs)
        self._read = read
        self._clock = clock
        self._relieved = -math.inf
        # Whether the log tells of this time that it is closed, and from when on it may tell of another.
        self._told = False
        self._tell_from = -math.inf
        # When there last was hope that memory falls by itself.
        self._hoped = -math.inf
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def resident(self) -> int:
        return self._read()

    @property
    def stuck(self) -> bool:
        """Closed for seconds with nothing to be worked off that would let it open: one request may come in."""
        return self.closed and self._clock() - self._hoped >= _STUCK_AFTER

    def let_in(self) -> None:
        """One request came in all the same; the next one only after as long a time."""
        self._hoped = self._clock()

    def start(self, drained: Callable[[], bool]) -> None:
        """Look from now on, in a thread of its own. `drained` says whether all that was acknowledged is worked off."""
        if self.ceiling and self._read():
            self._thread = threading.Thread(target=self._watch, args=(drained,), name="memory", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Safe to call without `start`."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def look(self, drained: bool) -> None:
        """Read once, and open or close."""
        if not (self.closed and drained):
            self._hoped = self._clock()
        resident = self._read()
        pause = _RELIEF_CLOSED if self.closed else _RELIEF_EVERY
        if resident >= self.ceiling * _LOW and self._clock() >= self._relieved + pause:
            for relief in self._reliefs:
                relief()
            self._relieved = self._clock()
            resident = self._read()
        if self.closed:
            self.closed = resident >= self.ceiling or (resident >= self.ceiling * _LOW and not drained)
            if not self.closed and self._told:
                _log.warning("%d MiB in use, below limits.memory: senders are let in again", resident >> 20)
        elif resident >= self.ceiling:
            self.closed = True
            self._told = self._clock() >= self._tell_from
            if self._told:
                self._tell_from = self._clock() + _TELL_EVERY
                _log.warning(
                    "%d MiB in use, limits.memory is %d MiB: senders are told to wait; if this lasts, one request every"
                    " %g s is let in: raise it, or lower limits.services, limits.templates or window.retention",
                    resident >> 20,
                    self.ceiling >> 20,
                    _STUCK_AFTER,
                )

    def _watch(self, drained: Callable[[], bool]) -> None:
        while not self._ended.wait(_EVERY):
            self.look(drained())


def _machine(root: Path) -> int:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _control_groups(root: Path) -> Iterable[int]:
    """The limits of every group this process is in and of those around them; inside a container its own stands at the
    top, and the names that /proc tells are those outside."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        names = ("memory.limit_in_bytes",) if controllers else ("memory.max", "memory.high")
        parts = [part for part in path.split("/") if part and part != ".."]
        for depth in range(len(parts) + 1):
            for name in names:
                # "max" is no limit.
                if (limit := _text(base.joinpath(*parts[:depth], name)).strip()).isdigit():
                    yield int(limit)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
