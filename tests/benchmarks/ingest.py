"""Log records a second through the whole of Hypocenter, against a stock servicer that does nothing with them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.drain_venv import drain_python
from tests.benchmarks.log_load import LoadShape
from tests.benchmarks.machine import Cores, cpu_seconds, pinned
from tests.benchmarks.measure import Row, Spread, Table, compared
from tests.benchmarks.messages import LogMessages
from tests.benchmarks.options import Options
from tests.benchmarks.under_load import OurServer, StockServer, our_server
from tests.benchmarks.wire import LOGS, WireClient

IN_FLIGHT = 64
_DRAIN_BAR = "10 x"
# Bytes that may wait for the pipeline in one round stay below the server's limit.
_MOST_BYTES = 200 * 2**20
_RECORD_BYTES = 400


@dataclass(frozen=True, slots=True)
class _Case:
    shape: LoadShape
    compressed: bool
    bar: str = ""

    def __str__(self) -> str:
        own = ", templates of one service each" if self.shape.own else ""
        return f"batch {self.shape.records}, {'gzip' if self.compressed else 'plain'}{own}"


_PLAIN = _Case(LoadShape(1000), False, "0.18 S")
_CASES = (
    _PLAIN,
    _Case(LoadShape(1000), True, "0.4 S"),
    _Case(LoadShape(1000, own=True), False),
    _Case(LoadShape(100), False),
    _Case(LoadShape(100), True),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Records a second: of the wall clock, and of the server's CPU."""

    wall: float
    cpu: float


def measure(address: str, pid: int, messages: LogMessages, total: int, finish: Callable[[int], None]) -> Rate:
    """Send `total` requests; `finish` returns when the given number of records is not only acknowledged but done."""
    with WireClient(address, LOGS, messages.compressed) as client:
        before, started = cpu_seconds(pid), time.perf_counter()
        client.drive(messages, total, IN_FLIGHT)
        finish(total * messages.records)
        seconds, cpu = time.perf_counter() - started, cpu_seconds(pid) - before
    return Rate(total * messages.records / seconds, total * messages.records / max(cpu, 0.01))


def stock_rate(server: StockServer, messages: LogMessages, total: int) -> Rate:
    return measure(server.address, server.pid, messages, total, lambda _: None)


def our_rate(server: OurServer, messages: LogMessages, total: int) -> Rate:
    before = server.counted_logs

    def finish(records: int) -> None:
        deadline = time.monotonic() + 60
        while (counted := server.counted_logs - before) < records:
            assert time.monotonic() < deadline, f"{counted} of {records} records counted: {server.stderr[-2000:]}"
            time.sleep(0.02)
        assert counted == records, f"{counted} of {records} records counted"

    return measure(server.otlp_grpc, server.pid, messages, total, finish)


def requests_for(seconds: float, rate: Rate, records: int) -> int:
    return max(4, min(int(seconds * rate.wall / records), _MOST_BYTES // (records * _RECORD_BYTES)))


def ingest(options: Options) -> Table:
    """Rows come in the order of `_CASES`."""
    cores = Cores.split()
    rows: list[Row] = []
    notes = [
        "S: sync grpc server, generated servicer, parsed request, empty response, in a process of its own",
        "ours: `hypocenter serve` with its defaults, data directory on disk; the clock stops when /status has counted"
        " every record, not at the last acknowledgement",
        "records carry the time they are sent at, so windows close and are judged meanwhile; compressed ones that of"
        " the beginning of their round",
        f"client: frames written to one HTTP/2 connection, {IN_FLIGHT} requests in flight, compressed beforehand",
        f"server on {len(cores.server)} core, client on {'others' if cores.apart else 'the same'}; loopback",
    ]
    python = None if options.quick else drain_python(install=True)
    if python is None:
        notes.append("without the servicer with stock Drain3, which a run that is not --quick installs")
    with StockServer(cores) as stock, our_server(cores) as ours, pinned(cores.client):
        for case in _CASES[:1] if options.quick else _CASES:
            rows += _compare(options, case, stock, ours, "S", case.bar)
        if python is not None:
            with StockServer(cores, python) as drain:
                rows += _compare(options, _PLAIN, drain, ours, "S with Drain3", _DRAIN_BAR)
    return Table("ingest", "log records through the whole path", rows, notes)


def _compare(options: Options, case: _Case, stock: StockServer, ours: OurServer, baseline: str, bar: str) -> list[Row]:
    seconds, records = options.lasting(3.0, 0.1), case.shape.records
    messages = LogMessages(case.shape, case.compressed, options.sized(40_000, 4_000))
    warm = 4 if options.quick else max(8, 8000 // records)
    sizes = (
        requests_for(seconds, stock_rate(stock, messages, warm), records),
        requests_for(seconds, our_rate(ours, messages, warm), records),
    )
    theirs, found = [], []
    for _ in range(options.rounds):
        theirs.append(stock_rate(stock, messages, sizes[0]))
        messages.refresh(seconds)
        found.append(our_rate(ours, messages, sizes[1]))
    return _pair(str(case), baseline, theirs, found, bar)


def _pair(name: str, baseline: str, theirs: Sequence[Rate], found: Sequence[Rate], bar: str) -> list[Row]:
    wall, cpu = [rate.wall for rate in theirs], [rate.cpu for rate in theirs]
    return [
        Row(f"{name}: {baseline}", "records/s", Spread.of(wall)),
        compared(f"{name}: ours", "records/s", [rate.wall for rate in found], wall, baseline, bar),
        Row(f"{name}: {baseline}, by CPU", "records/CPU s", Spread.of(cpu)),
        compared(f"{name}: ours, by CPU", "records/CPU s", [rate.cpu for rate in found], cpu, baseline),
    ]
