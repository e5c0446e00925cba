"""`python -m tests.benchmarks [NAME...]`: run benchmarks and print their tables."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.collector import collector
from tests.benchmarks.drain import drain
from tests.benchmarks.graph import graph
from tests.benchmarks.grouping import grouping
from tests.benchmarks.ingest import ingest
from tests.benchmarks.kills import kills
from tests.benchmarks.latency import latency
from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import Table
from tests.benchmarks.memory import memory
from tests.benchmarks.mining import mining
from tests.benchmarks.options import Options
from tests.benchmarks.printed import lines
from tests.benchmarks.spans import spans

BENCHMARKS: dict[str, Callable[[Options], Table]] = {
    "ingest": ingest,
    "mining": mining,
    "latency": latency,
    "spans": spans,
    "grouping": grouping,
    "graph": graph,
    "drain": drain,
    "memory": memory,
    "collector": collector,
    "kills": kills,
}


def run(names: Sequence[str], options: Options, say: Callable[[str], None]) -> dict[str, object]:
    """Run in the order given, saying each table as soon as it is there; the whole as one JSON document."""
    machine = Machine.now()
    say(str(machine))
    tables = []
    for name in names:
        started = time.monotonic()
        table = BENCHMARKS[name](options)
        say("")
        for line in lines(table):
            say(line)
        load = Machine.now().load
        took = time.monotonic() - started
        say(f"  ({options.rounds} rounds, {took:.0f} s; load average afterwards {load:.2f})")
        tables.append({**table.to_json(), "seconds": took, "load_after": load})
    return {"machine": machine.to_json(), "quick": options.quick, "rounds": options.rounds, "benchmarks": tables}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: only to see that it runs")
    parser.add_argument("--rounds", type=int, help="interleaved rounds of each measurement (5)")
    parser.add_argument("--minutes", type=float, help="of the memory and collector benchmarks (10 each)")
    parser.add_argument("--kills", type=int, help="rounds of the kills benchmark (20)")
    parser.add_argument("--stalls", action="store_true", help="latency: also what the server did in the longest waits")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]}; known are {', '.join(BENCHMARKS)}")
    quick = asked.quick
    options = Options(
        quick=quick,
        rounds=asked.rounds or (1 if quick else 5),
        minutes=asked.minutes or (0.05 if quick else 10.0),
        kills=asked.kills or (1 if quick else 20),
        stalls=asked.stalls,
    )
    document = run(asked.names or list(BENCHMARKS), options, lambda line: print(line, flush=True))
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
