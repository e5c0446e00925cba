"""Template mining alone: our miner against one thread of stock Drain3 with eight usual masks, on the same lines."""

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analyzers.columns import LogBatch, TimeFaults
from analyzers.service import Resource, service_key
from analyzers.templates import TemplateMiner
from tests.benchmarks.drain_venv import drain_python, mine_with_drain
from tests.benchmarks.log_load import Lines
from tests.benchmarks.measure import Row, Spread, Table, compared
from tests.benchmarks.options import Options, loghub

_BATCH = 1000
_BAR = "10 x"


def mining(options: Options) -> Table:
    """CPU seconds on both sides, so that what else runs here counts less."""
    python = drain_python(install=not options.quick)
    notes = [
        f"lines come in batches of {_BATCH}; ours and stock Drain3 0.9.11 both begin with nothing learned",
        "letters: one template in five also holds a random word without a digit",
    ]
    if python is None:
        notes.append("no stock Drain3 here (its own virtual environment is made by a run that is not --quick)")
    rows: list[Row] = []
    for name, lines in _corpora(options, notes):
        batches = [as_batch(lines[first : first + _BATCH]) for first in range(0, len(lines), _BATCH)]
        ours, theirs = [], []
        for _ in range(options.rounds):
            if python is not None:
                theirs.append(len(lines) / mine_with_drain(python, lines).cpu_seconds)
            ours.append(len(lines) / _our_seconds(batches))
        if python is not None:
            rows.append(Row(f"{name}: stock Drain3", "lines/CPU s", Spread.of(theirs)))
            rows.append(compared(f"{name}: ours", "lines/CPU s", ours, theirs, "stock Drain3", _BAR))
        else:
            rows.append(Row(f"{name}: ours", "lines/CPU s", Spread.of(ours), bar=_BAR))
    return Table("mining", "bodies to templates", rows, notes)


def _our_seconds(batches: Sequence[LogBatch]) -> float:
    miner = TemplateMiner()
    started = time.process_time()
    for batch in batches:
        miner.mine(batch)
    return time.process_time() - started


def as_batch(lines: Sequence[str]) -> LogBatch:
    """Bodies alone: the rest is empty."""
    rows = len(lines)
    return LogBatch(
        resources=[Resource(service_key("benchmark"))],
        scopes=[""],
        request=np.zeros(rows, dtype=np.int32),
        resource=np.zeros(rows, dtype=np.int32),
        scope=np.zeros(rows, dtype=np.int32),
        time_unix_nano=np.zeros(rows, dtype=np.int64),
        severity=np.zeros(rows, dtype=np.int32),
        weight=np.ones(rows, dtype=np.int64),
        body=pa.array(lines, type=pa.string()),
        trace_id=np.zeros((rows, 2), dtype=np.uint64),
        span_id=np.zeros(rows, dtype=np.uint64),
        template={},
        exception_type={},
        faults=TimeFaults(),
        truncated=0,
        own=0,
    )


def _corpora(options: Options, notes: list[str]) -> Iterator[tuple[str, Sequence[str]]]:
    count = options.sized(40_000, 1_000)
    yield "synthetic", Lines().draw(count)
    yield "letters", Lines(letters=True).draw(count)
    folder = loghub()
    if folder is None:
        notes.append("no loghub: set HYPOCENTER_LOGHUB to its folder")
        return
    notes.append("loghub: 2,000 lines of each system, one after the other; repeated lines flatter whoever remembers")
    yield "loghub", [line.body for _, lines in labelled(options) for line in lines]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A line and its true template: the id of it, and its text, which several ids may share."""

    body: str
    event: str
    template: str


def labelled(options: Options) -> Iterator[tuple[str, list[Labelled]]]:
    """Systems and their lines by the corrected labels; nothing without loghub."""
    folder = loghub()
    files = sorted(folder.glob("*/*_2k.log_structured_corrected.csv")) if folder else []
    for path in files[: options.sized(len(files), 2)]:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            yield path.parent.name, [Labelled(row["Content"], row["EventId"], row["EventTemplate"]) for row in rows]
