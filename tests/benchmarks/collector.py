"""A real Collector feeds Hypocenter for minutes: what is lost, what is counted twice, and what it does to memory."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.feeding import Feeding, feeding, quantile
from tests.benchmarks.ingest import our_rate, requests_for
from tests.benchmarks.log_load import LoadShape
from tests.benchmarks.machine import Cores, cpu_seconds, pinned, resident_bytes
from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.messages import LogMessages
from tests.benchmarks.options import Options
from tests.benchmarks.trend import Trend, by_minute
from tests.benchmarks.under_load import OurServer, our_server
from tests.benchmarks.wire import LOGS, WireClient
from tests.collector.build import BuildFailedError, GoMissingError
from tests.collector.collector_process import wait_until

_RECORDS, _PROBED = 1000, 100
# Of what the Collector can pass on at all, where that is less than half of our ceiling.
_CARRIED = 0.8
_PROBES_A_SECOND = 20
_SETTLED = 3
_MIB = 2**20
_FAILURES = ("otelcol_exporter_send_failed_log_records", "otelcol_exporter_enqueue_failed_log_records")


@dataclass(slots=True)
class _Run:
    """What was sent, and what was seen meanwhile."""

    sent: int = 0
    seconds: float = 0.0
    resident: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    probed: int = 0


def collector(options: Options) -> Table:
    """`otlp` in, `batch`, `otlp` out with gzip, at half of the ceiling that was measured just before."""
    title = "a real Collector feeding Hypocenter"
    cores = Cores.split()
    try:
        with our_server(cores) as server, pinned(cores.client), feeding(server.otlp_grpc, cores.client) as fed:
            return _measured(options, title, cores, server, fed)
    except (GoMissingError, BuildFailedError) as error:
        return Table("collector", title, [], [f"not measured: {str(error).splitlines()[0]}"])


def _measured(options: Options, title: str, cores: Cores, server: OurServer, fed: Feeding) -> Table:
    every = options.lasting(5.0, 0.5)
    ceiling, carried = _ceiling(options, server), _carried(options, server, fed)
    rate = min(ceiling / 2, carried * _CARRIED)
    before, accepted = server.status()["logs"], fed.total("otelcol_receiver_accepted_log_records")
    buckets, cpu = fed.calls(), cpu_seconds(server.pid)
    run = _feed(options.minutes * 60, rate, every, server, fed)
    cpu = cpu_seconds(server.pid) - cpu
    expected = int(before["received"]) + run.sent + run.probed
    # A little longer than it takes: what is counted twice may come late.
    wait_until(lambda: int(server.status()["logs"]["received"]) >= expected, 60, lambda: str(server.status()["logs"]))
    wait_until(lambda: not server.status()["logs"]["pending"], 60, lambda: str(server.status()["logs"]))
    time.sleep(every)
    after = server.status()["logs"]
    counted = int(after["counted"]) - int(before["counted"])
    missing = run.sent + run.probed - counted
    accepted = fed.total("otelcol_receiver_accepted_log_records") - accepted
    exports = {bound: count - buckets.get(bound, 0.0) for bound, count in fed.calls().items()}
    other = {name: after[name] - before[name] for name in ("rejected", "duplicate", "late", "pending")}
    rows = [
        Row("ceiling, sent directly with gzip", "records/s", Spread.of([ceiling])),
        Row("ceiling through the Collector", "records/s", Spread.of([carried])),
        Row("rate aimed at", "records/s", Spread.of([rate])),
        Row("rate reached", "records/s", Spread.of([run.sent / run.seconds])),
        Row("Hypocenter's share of one core", "%", Spread.of([100 * cpu / run.seconds])),
        Row("sent", "records", Spread.of([run.sent + run.probed])),
        Row("counted", "records", Spread.of([counted])),
        Row("lost", "records", Spread.of([max(0, missing)]), bar="0"),
        Row("counted twice", "records", Spread.of([max(0, -missing)]), bar="0"),
        *_memory_rows(options, run.resident, every),
        Row("export of the Collector, p50", "ms", Spread.of([quantile(exports, 0.5) * 1000])),
        Row("export of the Collector, p99", "ms", Spread.of([quantile(exports, 0.99) * 1000])),
        Row(f"export of {_PROBED} records beside it, p50", "ms", Spread.of([_share(run.waits, 0.5) * 1000])),
        Row(f"export of {_PROBED} records beside it, p99", "ms", Spread.of([_share(run.waits, 0.99) * 1000])),
        Row(f"export of {_PROBED} records beside it, worst", "ms", Spread.of([_share(run.waits, 1.0) * 1000])),
    ]
    shared = "" if cores.apart else ", which is that of Hypocenter"
    notes = [
        f"{run.seconds / 60:.1f} minutes, Collector 0.159.0 (otlp, batch, otlp with gzip), {_RECORDS} records a request"
        f" into it, batches of 8192 out of it; it and the sender share a core{shared}",
        f"aimed at half of the ceiling, but at most {_CARRIED:.0%} of what the Collector can pass on from its core",
        f"of the {run.sent:,} records for the Collector it accepted {accepted:,}; "
        + ", ".join(f"{name.removeprefix('otelcol_exporter_')} {fed.total(name)}" for name in _FAILURES),
        f"of those received: {other}, dropped {after['dropped']}; the equation holds: {server.status()['balanced']}",
        "an export of the Collector is one call of its client, its own gzip included, as a bound of its histogram;"
        f" beside it: {_PROBES_A_SECOND} plain requests a second on a connection of their own, open loop, from when"
        " each was due",
    ]
    return Table("collector", title, rows, notes)


def _ceiling(options: Options, server: OurServer) -> float:
    messages = LogMessages(LoadShape(_RECORDS), True, options.sized(40_000, 4_000))
    seconds = options.lasting(3.0, 0.1)
    warm = our_rate(server, messages, options.sized(8, 4))
    total = requests_for(seconds, warm, _RECORDS)
    found = []
    for _ in range(options.sized(3, 1)):
        messages.refresh(seconds)
        found.append(our_rate(server, messages, total).wall)
    return Spread.of(found).median


def _carried(options: Options, server: OurServer, fed: Feeding) -> float:
    """Records a second through the Collector when it gets as many as it takes, counted at the far end."""
    messages = LogMessages(LoadShape(_RECORDS), False, options.sized(40_000, 4_000))
    before, total = server.counted_logs, options.sized(200, 10)
    started = time.perf_counter()
    with WireClient(fed.collector.address, LOGS) as client:
        client.drive(messages, total, 8)
    wait_until(
        lambda: server.counted_logs - before >= total * _RECORDS, 60, lambda: f"{server.status()} {fed.collector.said}"
    )
    return total * _RECORDS / (time.perf_counter() - started)


def _feed(seconds: float, rate: float, every: float, server: OurServer, fed: Feeding) -> _Run:
    """Open loop, in stretches of a few seconds between which memory is looked at."""
    run, stop = _Run(), threading.Event()
    messages = LogMessages(LoadShape(_RECORDS), False)
    interval = _RECORDS / rate
    total = max(1, round(every / interval))
    probe = threading.Thread(target=_probe, args=(server, run, stop))
    with WireClient(fed.collector.address, LOGS) as client:
        probe.start()
        started = time.perf_counter()
        try:
            while time.perf_counter() - started < seconds:
                client.drive(messages, total, interval=interval)
                run.sent += total * _RECORDS
                run.resident.append(resident_bytes(server.pid) / _MIB)
            run.seconds = time.perf_counter() - started
        finally:
            stop.set()
            probe.join()
    return run


def _probe(server: OurServer, run: _Run, stop: threading.Event) -> None:
    """A small sender beside the Collector, which tells how long anybody waits."""
    messages = LogMessages(LoadShape(_PROBED), False, 4_000)
    with WireClient(server.otlp_grpc, LOGS) as client:
        while not stop.is_set():
            run.waits += client.drive(messages, _PROBES_A_SECOND, interval=1 / _PROBES_A_SECOND).latencies
            run.probed += _PROBES_A_SECOND * _PROBED


def _memory_rows(options: Options, resident: Sequence[float], every: float) -> list[Row]:
    """In a run of no more than four minutes the second half takes the place of what comes after the third minute."""
    minutes = by_minute(resident, every)
    first = _SETTLED if len(minutes) > _SETTLED + 1 else len(minutes) // 2
    since = f"minute {first + 1} on" if not options.quick else "its middle on"
    trend = Trend.of(minutes[first:])
    verdict = f"{'flat' if trend.flat else 'NOT flat'}: {trend.grown:+.1%} in {trend.minutes:g} min"
    return [
        *(Row(f"resident in minute {place}", "MiB", Spread.of([value])) for place, value in enumerate(minutes, 1)),
        Row(f"growth from {since}, median and quartiles", "MiB/minute", trend.slope, bar=f"flat; it is {verdict}"),
    ]


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
