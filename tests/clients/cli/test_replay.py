"""The command sends what it was pointed at, and says what became of it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from hypocenter.client.testing import Failure
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from typer.testing import Result

from clients.replay.sink import OtlpSink

Run = Callable[..., Result]
START = 1_700_000_000_000_000_000


def test_a_folder_is_sent_and_counted(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    result = run("replay", str(case_folder), "--endpoint", f"http://{sink.address}", "--batch-size", "4", "--gzip")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("10 logs and 7 spans sent in ")
    assert "event time 2023-11-14 22:13:20 UTC to 2023-11-14 22:13:29 UTC" in result.stdout
    assert (len(sink.log_records()), len(sink.spans())) == (10, 7)


def test_totals_come_as_json(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    document = json.loads(run("replay", str(case_folder), "--endpoint", sink.address, "--json").stdout)
    assert document.pop("duration_seconds") >= 0
    assert document == {
        "logs": {"sent": 10, "rejected": 0},
        "spans": {"sent": 7, "rejected": 0},
        "batches": 2,
        "retries": 0,
        "first_unix_nano": START,
        "last_unix_nano": START + 9_000_000_000,
        "messages": {},
        "skipped_metrics": 0,
    }


def test_times_are_moved_to_now(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    begun = time.time_ns()
    assert run("replay", str(case_folder), "--endpoint", sink.address, "--shift-to-now").exit_code == 0
    times = [record.time_unix_nano for record in sink.log_records()]
    assert begun <= max(times) <= time.time_ns()
    assert max(times) - min(times) == 9_000_000_000


def test_at_a_speed_it_takes_its_time(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    begun = time.monotonic()
    run("replay", str(case_folder), "--endpoint", sink.address, "--speed", "30", "--batch-time", "1s")
    assert time.monotonic() - begun >= 9 / 30


def test_several_recordings_are_sent_as_one_and_one_before_them(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    logs, spans = str(case_folder / "logs.jsonl"), str(case_folder / "spans.jsonl")
    result = run("replay", logs, spans, "--before", str(case_folder), "--endpoint", sink.address, "--shuffle", "2s")
    assert result.exit_code == 0, result.output
    times = sorted(record.time_unix_nano for record in sink.log_records())
    assert len(times) == 20
    assert times[9] < START == times[10]
    assert len(sink.spans()) == 14


def test_rejected_rows_are_said_and_an_exit_code(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    partial = ExportLogsPartialSuccess(rejected_log_records=3, error_message="\x1b[31mtoo old")
    sink.answers.append(ExportLogsServiceResponse(partial_success=partial))
    result = run("replay", str(case_folder / "logs.jsonl"), "--endpoint", sink.address)
    assert result.exit_code == 1
    assert "3 rows rejected" in result.stdout
    assert "the endpoint said, 1 times: \\x1b[31mtoo old" in result.stderr


def test_a_malformed_recording_is_named_before_anything_is_sent(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    with (case_folder / "spans.jsonl").open("a") as file:
        file.write('{"start_unix_nano": "soon"}\n')
    result = run("replay", str(case_folder), "--endpoint", sink.address)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "spans.jsonl, line 8, field 'trace_id': is missing" in result.stderr
    assert sink.exports == []


@pytest.mark.parametrize(
    "arguments", [["--speed", "warp"], ["--speed", "0"], ["--shuffle", "x"], ["--batch-size", "0"]]
)
def test_wrong_options_are_refused(run: Run, case_folder: Path, arguments: list[str]) -> None:
    assert run("replay", str(case_folder), *arguments).exit_code == 2


def test_an_endpoint_that_does_not_speak_otlp_is_told(run: Run, sink: OtlpSink, case_folder: Path) -> None:
    sink.answers.append(Failure(grpc.StatusCode.UNIMPLEMENTED, "unknown service"))
    result = run("replay", str(case_folder), "--endpoint", sink.address)
    assert result.exit_code == 1
    assert "is it an OTLP/gRPC port?" in result.stderr


def test_no_endpoint_is_one_line_and_three(run: Run, nowhere: str, case_folder: Path) -> None:
    result = run("replay", str(case_folder), "--endpoint", nowhere)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.splitlines()[-1].startswith(f"error: nothing takes OTLP at {nowhere}")
