"""Memory of the server under a steady load of many services and templates."""

import time
from itertools import count

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.benchmarks.log_load import Lines, resource_attributes
from tests.benchmarks.machine import Cores, pinned, resident_bytes
from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.options import Options
from tests.benchmarks.span_load import SpanShape, span_requests
from tests.benchmarks.trend import Trend, by_minute
from tests.benchmarks.under_load import our_server
from tests.benchmarks.wire import LOGS, TRACES, WireClient

_SERVICES, _TEMPLATES = 100, 50
# Records of one service in one request, one request a second for each signal.
_RECORDS, _SPANS = 20, 500
_MIB = 2**20


def memory(options: Options) -> Table:
    """The ratio is to the memory after the third minute; in a shorter run, after half of the time."""
    cores = Cores.split()
    lines = Lines(templates=_TEMPLATES)
    seconds = options.minutes * 60
    every = options.lasting(5.0, 0.5)
    samples: list[float] = []
    sent = 0
    with our_server(cores) as server, pinned(cores.client):
        ready = resident_bytes(server.pid) / _MIB
        with WireClient(server.otlp_grpc, LOGS) as logs, WireClient(server.otlp_grpc, TRACES) as traces:
            started = time.monotonic()
            sampled = started
            for second in count():
                now = time.time_ns()
                logs.drive(iter([_framed(_logs(lines, second, now))]), 1)
                shape = SpanShape(_SPANS, _SERVICES, _SPANS)
                body = next(span_requests(1, shape, now - 2_000_000_000, seed=second))
                traces.drive(iter([_framed(body)]), 1)
                sent += _RECORDS * _SERVICES
                time.sleep(max(0.0, started + (second + 1) * min(1.0, every) - time.monotonic()))
                if time.monotonic() - sampled >= every:
                    sampled = time.monotonic()
                    samples.append(resident_bytes(server.pid) / _MIB)
                if time.monotonic() - started >= seconds:
                    break
        took = time.monotonic() - started
        counted = server.counted_logs
    samples = samples or [ready]
    # What waits for its other half does so for up to two minutes; after the third nothing new should be held.
    minutes = by_minute(samples, every)
    whole = len(minutes) > 4
    rest = samples[round(180 / every) :] if whole else samples[len(samples) // 2 :]
    since = "the third minute" if whole else "half of the time"
    trend = Trend.of(minutes[3:] if whole else minutes[len(minutes) // 2 :])
    verdict = f"{'flat' if trend.flat else 'NOT flat'}: {trend.grown:+.1%} in {trend.minutes:g} min"
    rows = [
        Row("when ready", "MiB", Spread.of([ready])),
        Row(f"after {since}", "MiB", Spread.of([rest[0]])),
        Row(f"from {since} on", "MiB", Spread.of(rest), Spread.of([each / rest[0] for each in rest]), "then", "flat"),
        Row(
            f"growth from {since} on, median and quartiles",
            "MiB/minute",
            trend.slope,
            bar=f"flat; it is {verdict}",
        ),
    ]
    notes = [
        f"{took / 60:.1f} minutes of {_SERVICES} services x {_TEMPLATES} templates, {sent / took:,.0f} records/s and"
        f" {_SPANS * sent / (_RECORDS * _SERVICES) / took:,.0f} spans/s; {counted:,} of {sent:,} records counted",
        f"resident memory every {every:g} s: " + " ".join(f"{value:.0f}" for value in samples),
    ]
    return Table("memory", "resident memory under load", rows, notes)


def _logs(lines: Lines, second: int, now: int) -> bytes:
    request = ExportLogsServiceRequest()
    for service in range(_SERVICES):
        group = request.resource_logs.add()
        group.resource.attributes.extend(resource_attributes(service))
        records = group.scope_logs.add().log_records
        for row in range(_RECORDS):
            record = records.add(time_unix_nano=now - row * 1_000_000, severity_number=9)
            record.body.string_value = lines.every(second * _RECORDS + row)
    return request.SerializeToString()


def _framed(body: bytes) -> bytes:
    return b"\0" + len(body).to_bytes(4, "big") + body
