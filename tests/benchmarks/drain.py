"""Log records a CPU second: a Collector that mines templates with Drain and forgets them, and Hypocenter."""

from pathlib import Path

from tests.benchmarks.go_collector import GoCollector, go_collector
from tests.benchmarks.ingest import Rate, measure, our_rate, requests_for
from tests.benchmarks.log_load import LoadShape
from tests.benchmarks.machine import Cores, pinned
from tests.benchmarks.measure import Row, Spread, Table, compared
from tests.benchmarks.messages import LogMessages
from tests.benchmarks.options import Options
from tests.benchmarks.under_load import OurServer, our_server
from tests.collector.build import BuildFailedError, GoMissingError, collector_binary

_FOLDER = Path(__file__).with_name("go_drain")
_RECORDS = 1000
_BASELINE = "Collector with Drain"


def drain(options: Options) -> Table:
    """The baseline is the Collector that mines; rows come plain first, then with gzip."""
    title = "a Collector that mines templates, beside Hypocenter, by CPU"
    notes = [
        "NOT contrib's `drain` processor, which could not be had: in November 2026 the Go module proxy answered for all"
        " versions of processor/drainprocessor from 0.140 to 0.166"
        ' "403 Forbidden: This module version is not available" or 404',
        "in its place a processor of this repository around the library that it uses, go-drain3 0.1.2, with its"
        " defaults (depth 4, threshold 0.4, 100 children, no masks); it locks once a request, not once a record, and"
        " keeps no metrics: if anything it is cheaper",
        "Collector 0.159.0: OTLP in, go_drain, nop exporter; an acknowledged record is mined; no journal, no windows",
        "ours: the whole path, journal and windows included; /status has counted every record when the clock stops",
    ]
    try:
        binary = collector_binary(manifest=_FOLDER / "builder.yaml")
    except (GoMissingError, BuildFailedError) as error:
        return Table("drain", title, [], [*notes, f"not measured: {str(error).splitlines()[0]}"])
    cores = Cores.split()
    plain, mining = _FOLDER / "plain.yaml", _FOLDER / "mining.yaml"
    rows: list[Row] = []
    with (
        go_collector(binary, [plain], cores.server) as idle,
        go_collector(binary, [plain, mining], cores.server) as miner,
        our_server(cores) as ours,
        pinned(cores.client),
    ):
        for compressed in (False, True):
            rows += _case(options, compressed, idle, miner, ours)
    return Table("drain", title, rows, notes)


def _case(options: Options, compressed: bool, idle: GoCollector, miner: GoCollector, ours: OurServer) -> list[Row]:
    messages = LogMessages(LoadShape(_RECORDS), compressed, options.sized(40_000, 4_000))
    seconds = options.lasting(3.0, 0.1)
    warm = 4 if options.quick else 8
    sizes = [requests_for(seconds, _go_rate(each, messages, warm), _RECORDS) for each in (idle, miner)]
    sizes.append(requests_for(seconds, our_rate(ours, messages, warm), _RECORDS))
    found: dict[str, list[float]] = {"Collector that only receives": [], _BASELINE: [], "ours": []}
    for _ in range(options.rounds):
        messages.refresh(seconds)
        rates = (
            _go_rate(idle, messages, sizes[0]),
            _go_rate(miner, messages, sizes[1]),
            our_rate(ours, messages, sizes[2]),
        )
        for name, rate in zip(found, rates, strict=True):
            found[name].append(rate.cpu)
    prefix, unit = f"batch {_RECORDS}, {'gzip' if compressed else 'plain'}:", "records/CPU s"
    return [
        Row(f"{prefix} {name}", unit, Spread.of(values))
        if name == _BASELINE
        else compared(f"{prefix} {name}", unit, values, found[_BASELINE], _BASELINE)
        for name, values in found.items()
    ]


def _go_rate(collector: GoCollector, messages: LogMessages, total: int) -> Rate:
    return measure(collector.address, collector.pid, messages, total, lambda _: None)
