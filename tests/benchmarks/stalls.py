"""What a server's threads did while requests waited longest, seen from outside: nothing is added to the server.

`python -m tests.benchmarks.stalls PID` writes a line of JSON every few milliseconds until its stdin ends: the time, and
of every thread how long it has run and how long it has waited for a core.
"""

import json
import subprocess
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.benchmarks.options import REPOSITORY
from tests.benchmarks.wire import Driven

_EVERY = 0.004
_LONGEST = 6
# Busy threads named of each stall.
_NAMED = 3
# Times the median that a latency must be to count as a stall.
_SLOW = 3.0


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds since the thread began."""

    name: str
    running: float
    # Ready to run, with no core to run on.
    queued: float


@dataclass(frozen=True, slots=True)
class Sample:
    """`at` by time.perf_counter(), which is the same in every process of a machine."""

    at: float
    threads: Mapping[int, Used]


@dataclass(frozen=True, slots=True)
class Stall:
    """Requests that waited long at the same time; `start` is when the first of them was due."""

    start: float
    end: float
    requests: int


class ThreadWatch:
    """Samples a process from __enter__ to __exit__, from a process of its own."""

    def __init__(self, pid: int) -> None:
        self._command = [sys.executable, "-m", "tests.benchmarks.stalls", str(pid)]
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._reader: threading.Thread | None = None

    @property
    def samples(self) -> Sequence[Sample]:
        """By time; all there are after __exit__."""
        documents = map(json.loads, self._lines)
        return [Sample(at, {int(tid): Used(*used) for tid, used in threads.items()}) for at, threads in documents]

    def __enter__(self) -> "ThreadWatch":
        process = subprocess.Popen(
            self._command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._process = process
        assert process.stdout is not None
        self._lines.append(process.stdout.readline())
        self._reader = threading.Thread(target=self._lines.extend, args=(process.stdout,))
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._reader is not None
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()


def stalls(driven: Driven) -> list[Stall]:
    """The longest first: waits of more than a few times the median, joined where they overlap."""
    ordered = sorted(driven.latencies)
    slow = _SLOW * ordered[len(ordered) // 2]
    waits = sorted(
        (end - took, end) for took, end in zip(driven.latencies, driven.answered, strict=True) if took > slow
    )
    found: list[Stall] = []
    for start, end in waits:
        if found and start <= found[-1].end:
            last = found.pop()
            found.append(Stall(last.start, max(last.end, end), last.requests + 1))
        else:
            found.append(Stall(start, end, 1))
    return sorted(found, key=lambda stall: stall.start - stall.end)


def told(driven: Driven, samples: Sequence[Sample]) -> Iterator[str]:
    """A line for each of the longest stalls, and one for the whole run to compare them with."""
    if len(samples) < 2:
        yield "no samples of the server's threads"
        return
    times = [sample.at for sample in samples]
    yield f"all of {times[-1] - times[0]:.1f} s: {_busy(samples[0], samples[-1])}"
    longest = stalls(driven)
    for stall in longest[:_LONGEST]:
        before = samples[max(0, bisect_right(times, stall.start) - 1)]
        after = samples[min(len(samples) - 1, bisect_left(times, stall.end))]
        yield (
            f"at {stall.start - times[0]:.2f} s {stall.requests} requests waited up to"
            f" {(stall.end - stall.start) * 1000:.0f} ms: {_busy(before, after)}"
        )
    if not longest:
        yield f"nobody waited more than {_SLOW:g} times the median"


def _busy(before: Sample, after: Sample) -> str:
    """Who ran, in milliseconds; what no thread ran is waiting, for a disk or for something to do."""
    spent = []
    queued = 0.0
    for tid, used in after.threads.items():
        earlier = before.threads.get(tid, Used(used.name, 0.0, 0.0))
        spent.append((used.running - earlier.running, f"{used.name}/{tid}"))
        queued += used.queued - earlier.queued
    spent.sort(reverse=True)
    named = ", ".join(f"{name} ran {seconds * 1000:.0f}" for seconds, name in spent[:_NAMED])
    rest = sum(seconds for seconds, _ in spent[_NAMED:])
    whole = (after.at - before.at) * 1000
    return f"of {whole:.0f} ms {named}, others {rest * 1000:.0f}; waited for a core {queued * 1000:.0f}"


def _threads(pid: int) -> Mapping[str, tuple[str, float, float]]:
    found = {}
    for folder in Path(f"/proc/{pid}/task").iterdir():
        try:
            running, queued, _ = (folder / "schedstat").read_text().split()
            found[folder.name] = ((folder / "comm").read_text().strip(), int(running) / 1e9, int(queued) / 1e9)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _watch(pid: int) -> None:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    while not ended.is_set():
        print(json.dumps([time.perf_counter(), _threads(pid)]), flush=True)
        ended.wait(_EVERY)


if __name__ == "__main__":
    _watch(int(sys.argv[1]))
