"""kill -9 under load, again and again: how many acknowledged records are lost, and how many are counted twice."""

import random
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.options import CACHE, Options
from tests.benchmarks.under_load import OurServer
from tests.running_server import wait_until
from tests.server.test_crash import SETTINGS, Sender


def kills(options: Options) -> Table:
    """One data directory for all rounds; what was not acknowledged is sent again, as a Collector does."""
    draw = random.Random(20)
    sender = Sender()
    restarts: list[float] = []
    longest = options.lasting(2.0, 0.4)
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="bench-data-") as folder:
        for _ in range(options.kills):
            server = _started(folder, restarts)
            stop = threading.Event()
            thread = threading.Thread(target=sender.send, args=(server, stop))
            thread.start()
            time.sleep(draw.uniform(0.2, longest))
            server.kill()
            stop.set()
            thread.join()
        server = _started(folder, restarts)
        try:
            sender.flush(server)
            wait_until(lambda: not _pending(server), 60, lambda: str(server.status()))
            status = server.status()
        finally:
            server.kill()
    logs, traces = status["logs"], status["traces"]
    missing = [sender.records - logs["counted"], sender.spans - traces["counted"]]
    rows = [
        Row("acknowledged and lost", "records", Spread.of([sum(max(0, each) for each in missing)]), bar="0"),
        Row("counted twice", "records", Spread.of([sum(max(0, -each) for each in missing)]), bar="0"),
        Row(
            "dropped", "records", Spread.of([sum(logs["dropped"].values()) + sum(traces["dropped"].values())]), bar="0"
        ),
        Row("recognised as sent again", "records", Spread.of([logs["duplicate"] + traces["duplicate"]])),
        Row("start to ready", "s", Spread.of(restarts), bar="3"),
    ]
    notes = [
        f"{options.kills} rounds, killed after 0.2 to {longest:g} s of load; {sender.records:,} records and"
        f" {sender.spans:,} spans in all; the equation holds: {status['balanced']}",
    ]
    return Table("kills", "kill -9 under load", rows, notes)


def _started(folder: str, restarts: list[float]) -> OurServer:
    began = time.monotonic()
    server = OurServer(Path(folder), SETTINGS)
    restarts.append(time.monotonic() - began)
    return server


def _pending(server: OurServer) -> int:
    status = server.status()
    return int(status["logs"]["pending"] + status["traces"]["pending"])
