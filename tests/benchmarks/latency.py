"""How long an Export takes while the server is half as busy as it can be, open loop, against S at the same rate."""

from tests.benchmarks.ingest import Rate, our_rate, requests_for, stock_rate
from tests.benchmarks.log_load import LoadShape
from tests.benchmarks.machine import Cores, pinned
from tests.benchmarks.measure import Row, Spread, Table, compared
from tests.benchmarks.messages import LogMessages
from tests.benchmarks.options import Options
from tests.benchmarks.stalls import ThreadWatch, told
from tests.benchmarks.under_load import OurServer, StockServer, our_server
from tests.benchmarks.wire import LOGS, Driven, WireClient

_BAR = "at most 3 x"
# Records of a request of nearly 4 MiB, and what analysis may add to one, in milliseconds.
_LARGE, _WAIT_BAR = 11_500, "at most 20 ms"
# A p99 of one round is a matter of luck.
_LEAST_ROUNDS = 3


def latency(options: Options) -> Table:
    """From when a request was due, not from when it could be sent, to its answer."""
    cores = Cores.split()
    rows: list[Row] = []
    notes = [
        "open loop: a request is due at its time, whatever became of those before, and its latency counts from then, so"
        " what queues behind a stall is in it (no coordinated omission); plain, one connection",
        "records carry the time they are sent at, so windows close, are judged and checkpointed meanwhile",
        "S gets the same requests at the same rate, in turn with ours; quantiles are of each round, then their median",
    ]
    with StockServer(cores) as stock, our_server(cores) as ours, pinned(cores.client):
        for records in (1000,) if options.quick else (1000, 100, _LARGE):
            rows += _case(options, records, stock, ours, notes)
    return Table("latency", "Export at half of our own ceiling", rows, notes)


def _case(options: Options, records: int, stock: StockServer, ours: OurServer, notes: list[str]) -> list[Row]:
    messages = LogMessages(LoadShape(records), False, options.sized(40_000, 4_000))
    stock_rate(stock, messages, 4)
    ceiling = _ceiling(options, ours, messages)
    interval = records / (ceiling.wall / 2)
    seconds = options.lasting(10.0, 0.3)
    total = max(5, int(seconds / interval))
    rounds = options.rounds if options.quick else max(_LEAST_ROUNDS, options.rounds)
    notes.append(
        f"batch {records}: ceiling {ceiling.wall:,.0f} records/s, so {1 / interval:.1f} requests/s, {total} a round,"
        f" {rounds} rounds"
    )
    theirs, found = [], []
    for _ in range(rounds):
        theirs.append(sorted(_driven(stock.address, messages, total, interval).latencies))
        found.append(sorted(_driven(ours.otlp_grpc, messages, total, interval).latencies))
    if options.stalls:
        with ThreadWatch(ours.pid) as watch:
            driven = _driven(ours.otlp_grpc, messages, total, interval)
        notes += [f"batch {records}, one more round: {line}" for line in told(driven, watch.samples)]
    rows: list[Row] = []
    for name, share, bar in (("p50", 0.5, ""), ("p99", 0.99, _BAR), ("p99.9", 0.999, ""), ("worst", 1.0, "")):
        base = [_quantile(each, share) * 1000 for each in theirs]
        rows.append(Row(f"batch {records}, {name}: S", "ms", Spread.of(base)))
        mine = [_quantile(each, share) * 1000 for each in found]
        rows.append(compared(f"batch {records}, {name}: ours", "ms", mine, base, "S", bar))
        if records == _LARGE and bar:
            # S analyses nothing.
            more = [value - other for value, other in zip(mine, base, strict=True)]
            rows.append(Row(f"batch {records}, {name}: ours more than S", "ms", Spread.of(more), bar=_WAIT_BAR))
    return rows


def _ceiling(options: Options, ours: OurServer, messages: LogMessages) -> Rate:
    """What it counts a second when it gets as much as it can take."""
    warm = our_rate(ours, messages, 4 if options.quick else max(8, 8000 // messages.records))
    return our_rate(ours, messages, requests_for(options.lasting(3.0, 0.1), warm, messages.records))


def _driven(address: str, messages: LogMessages, total: int, interval: float) -> Driven:
    with WireClient(address, LOGS) as client:
        driven = client.drive(messages, total, interval=interval)
    assert not driven.refused, f"{driven.refused} of {total} requests were refused at half of the ceiling"
    return driven


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
