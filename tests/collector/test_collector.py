"""Log files and OTLP through a real Collector with the very config users copy: what goes in comes out, once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypocenter.v1.incident_pb2 import Incident
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs, SeverityNumber

from tests.collector.collector_process import (
    CollectorProcess,
    CollectorSettings,
    config_arguments,
    free_ports,
    wait_until,
)
from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.receivers import CountingReceiver, Receiver, weight
from tests.collector.sender import sender_to
from tests.collector.traffic import LEAF, SECOND, TrafficSlice, log_record, resource_of, shop_traffic

# The first of these to run may have to build the Collector.
pytestmark = [pytest.mark.collector, pytest.mark.timeout(1500)]

LOG_DEDUP = Path(__file__).with_name("log_dedup.yaml")


def wait_for(receiver: Receiver, collector: CollectorProcess, *, logs: int, traces: int) -> None:
    """Wait until both counts are reached; more than expected fails at once."""

    def reached() -> bool:
        counts = (receiver.received("logs"), receiver.received("traces"))
        too_many = counts[0] > logs or counts[1] > traces
        assert not too_many, f"{counts} came, not {(logs, traces)}"
        return counts == (logs, traces)

    wait_until(
        reached,
        60,
        lambda: (
            f"logs {receiver.received('logs')} of {logs}, spans {receiver.received('traces')} of {traces}; "
            f"{collector.log_tail()}"
        ),
    )


def lines(count: int, first: int = 0) -> list[str]:
    levels = ("INFO", "WARN", "ERROR", "CRITICAL")
    return [
        f"2026-02-03T04:05:{n % 60:02d}.250Z {levels[n % 4]} invoice {n} billed, trace_id={n + 1:032x}"
        for n in range(first, first + count)
    ]


def identical(count: int, body: str) -> ResourceLogs:
    at = time.time_ns()
    records = [log_record(at + n, SeverityNumber.SEVERITY_NUMBER_INFO, body) for n in range(count)]
    return ResourceLogs(resource=resource_of("cron"), scope_logs=[ScopeLogs(log_records=records)])


@pytest.mark.parametrize("overlays", [(), (LOG_DEDUP,)], ids=["as copied", "with log_dedup"])
def test_the_config_is_valid(binary: Path, overlays: tuple[Path, ...]) -> None:
    checked = subprocess.run(
        [binary, "validate", *config_arguments(overlays)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_mistake_in_the_config_is_found(binary: Path, tmp_path: Path) -> None:
    """validate really reads the file: the check above could not fail otherwise."""
    mistake = tmp_path / "mistake.yaml"
    mistake.write_text("exporters: {otlp: {compresion: gzip}}\n")
    checked = subprocess.run(
        [binary, "validate", *config_arguments([mistake])], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode != 0
    assert "compresion" in checked.stderr


def test_counts_are_equal_at_both_ends(binary: Path, receiver: Receiver, tmp_path: Path) -> None:
    settings = CollectorSettings(binary, tmp_path / "collector", receiver.otlp_grpc)
    traffic = list(shop_traffic(time.time_ns() - 60 * SECOND, 60))
    from_file, later = 300, 50
    logs = from_file + later + sum(s.log_count for s in traffic)
    spans = sum(s.span_count for s in traffic)
    settings.log_file.parent.mkdir(parents=True)
    settings.log_file.write_text("\n".join(lines(from_file)) + "\n")

    with CollectorProcess(settings) as collector, sender_to(collector.otlp_grpc) as sender:
        for part in traffic:
            sender.send_slice(part)
        with settings.log_file.open("a") as growing:
            growing.write("\n".join(lines(later, from_file)) + "\n")
        wait_for(receiver, collector, logs=logs, traces=spans)

        def sent() -> tuple[int, int]:
            return collector.total("otelcol_exporter_sent_log_records"), collector.total("otelcol_exporter_sent_spans")

        # The Collector counts after it has read our answer.
        wait_until(lambda: sent() == (logs, spans), 10, lambda: f"sent {sent()}, not {(logs, spans)}")
        accepted = "otelcol_receiver_accepted_log_records"
        assert collector.total(accepted, receiver="filelog") == from_file + later
        assert collector.total(accepted) == logs
        assert collector.total("otelcol_receiver_accepted_spans") == spans
        assert collector.total("otelcol_exporter_send_failed_log_records") == 0
        assert collector.total("otelcol_exporter_send_failed_spans") == 0
    # Stopping flushes: nothing more may have come out of it.
    assert (receiver.received("logs"), receiver.received("traces")) == (logs, spans)
    assert (receiver.refused("logs"), receiver.refused("traces")) == (0, 0)


def test_a_line_of_a_file_becomes_a_record_with_time_level_and_trace(
    binary: Path, double: CountingReceiver, tmp_path: Path
) -> None:
    settings = CollectorSettings(binary, tmp_path / "collector", double.otlp_grpc, log_service_name="billing")
    settings.log_file.parent.mkdir(parents=True)
    settings.log_file.write_text("\n".join([*lines(4), "no time here", "2026-02-30T99:00:00Z nor a real one"]) + "\n")

    with CollectorProcess(settings) as collector:
        wait_for(double, collector, logs=6, traces=0)

    *parsed, bare, wrong = double.logs("billing")
    assert [record.time_unix_nano for record in parsed] == [1_770_091_500_250_000_000 + n * SECOND for n in range(4)]
    assert [record.severity_number for record in parsed] == [
        SeverityNumber.SEVERITY_NUMBER_INFO,
        SeverityNumber.SEVERITY_NUMBER_WARN,
        SeverityNumber.SEVERITY_NUMBER_ERROR,
        SeverityNumber.SEVERITY_NUMBER_FATAL,
    ]
    assert [record.trace_id.hex() for record in parsed] == [f"{n + 1:032x}" for n in range(4)]
    assert [record.body.string_value for record in parsed] == lines(4)
    for record in (bare, wrong):
        assert (record.time_unix_nano, record.severity_number) == (0, 0)
        assert record.observed_time_unix_nano > 0
    assert {a.key for record in (*parsed, bare, wrong) for a in record.attributes} <= {"log.file.name", "time"}


def test_what_hypocenter_could_not_take_survives_a_restart_of_the_collector(binary: Path, tmp_path: Path) -> None:
    """An outage of Hypocenter, and the Collector restarted in the middle of it."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    settings = CollectorSettings(binary, tmp_path / "collector", address)
    settings.log_file.parent.mkdir(parents=True)
    settings.log_file.write_text("\n".join(lines(100)) + "\n")
    (traffic,) = shop_traffic(time.time_ns() - 10 * SECOND, 10)

    collector = CollectorProcess(settings)
    with collector, sender_to(collector.otlp_grpc) as sender:
        sender.send_slice(traffic)
        wait_until(
            lambda: collector.total("otelcol_receiver_accepted_log_records") == 100 + traffic.log_count,
            30,
            collector.log_tail,
        )
    with CountingReceiver(address) as double, collector:
        wait_for(double, collector, logs=100 + traffic.log_count, traces=traffic.span_count)


def test_hypocenters_own_telemetry_is_kept_out(binary: Path, double: CountingReceiver, tmp_path: Path) -> None:
    settings = CollectorSettings(binary, tmp_path / "collector", double.otlp_grpc)
    own = identical(20, "window closed")
    own.resource.CopyFrom(resource_of("hypocenter"))

    with CollectorProcess(settings) as collector, sender_to(collector.otlp_grpc) as sender:
        sender.send_logs(ExportLogsServiceRequest(resource_logs=[own, identical(3, "tick")]))
        wait_for(double, collector, logs=3, traces=0)

    assert double.received("logs") == 3
    assert not double.logs("hypocenter")


def test_records_merged_by_log_dedup_count_as_many(binary: Path, receiver: Receiver, tmp_path: Path) -> None:
    settings = CollectorSettings(binary, tmp_path / "collector", receiver.otlp_grpc, overlays=[LOG_DEDUP])
    requests = [identical(500, "nightly export running"), identical(1, "nightly export done"), identical(2, "bye")]

    with CollectorProcess(settings) as collector, sender_to(collector.otlp_grpc) as sender:
        sender.send_logs(ExportLogsServiceRequest(resource_logs=requests))
        wait_for(receiver, collector, logs=503, traces=0)
        # Fewer records than that were sent: the processor did merge.
        assert 0 < collector.total("otelcol_exporter_sent_log_records") < 503

    assert receiver.received("logs") == 503
    assert receiver.refused("logs") == 0
    if isinstance(receiver, CountingReceiver):
        assert max(weight(record) for record in receiver.logs("cron")) > 1


def test_a_fault_replayed_through_the_collector_opens_one_incident(binary: Path, tmp_path: Path) -> None:
    config = {
        "HYPOCENTER_WINDOW__DURATION": "10s",
        "HYPOCENTER_WINDOW__LATENESS": "10s",
        "HYPOCENTER_WINDOW__IDLE": "3s",
        "HYPOCENTER_BASELINE__MIN_HISTORY": "60s",
    }
    normal_seconds, fault_seconds = 180, 60
    start = time.time_ns() - (normal_seconds + fault_seconds + 10) * SECOND
    with HypocenterProcess(tmp_path / "hypocenter", config) as hypocenter:
        settings = CollectorSettings(binary, tmp_path / "collector", hypocenter.otlp_grpc)
        with CollectorProcess(settings) as collector, sender_to(collector.otlp_grpc) as sender:
            logs = traces = 0

            def replay(traffic: Iterator[TrafficSlice]) -> None:
                # Four minutes of events in seconds: without waiting for each slice, the Collector's parallel senders
                # would shuffle more event time than any sensible lateness.
                nonlocal logs, traces
                for part in traffic:
                    sender.send_slice(part)
                    logs, traces = logs + part.log_count, traces + part.span_count
                    wait_for(hypocenter, collector, logs=logs, traces=traces)

            replay(shop_traffic(start, normal_seconds))
            assert not hypocenter.incidents()
            replay(shop_traffic(start + normal_seconds * SECOND, fault_seconds, fault=True))
            incident = one_incident(hypocenter)

    assert incident.diagnosis.root_causes[0].service_name == LEAF
    assert LEAF in incident.service_names
    assert incident.start_time.ToNanoseconds() >= start + (normal_seconds - 10) * SECOND


def one_incident(hypocenter: HypocenterProcess) -> Incident:
    """The incident, once every window is closed (nothing pending, and silence for longer than window.idle)."""
    wait_until(lambda: len(hypocenter.incidents()) > 0, 60, hypocenter.log_tail)
    wait_until(lambda: hypocenter.pending("logs") + hypocenter.pending("traces") == 0, 60, hypocenter.log_tail)
    settled = time.monotonic() + 6

    def quiet() -> bool:
        titles = [incident.title for incident in hypocenter.incidents()]
        assert len(titles) == 1, f"one failure, but {titles}"
        return time.monotonic() > settled

    wait_until(quiet, 30, hypocenter.log_tail)
    return hypocenter.incidents()[0]
