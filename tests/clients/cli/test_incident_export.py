"""An incident becomes a folder that can be read as a scenario, with what the server had of its time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import incident_pb2, incident_service_pb2, log_pb2, log_service_pb2, root_cause_pb2, service_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from typer.testing import Result

from clients.replay import read_case
from server.evaluation.simulation import read_scenario

Run = Callable[..., Result]
SECOND = 1_000_000_000
START = 1_700_000_000


def put(server: RememberingServer, *, logs: int = 3) -> None:
    server.put(
        incident_pb2.Incident(
            name="incidents/a1",
            title="Payment is slow:\n  # on one pod",
            start_time=Timestamp(seconds=START),
            update_time=Timestamp(seconds=START + 60),
            diagnosis=root_cause_pb2.Diagnosis(
                root_causes=[
                    root_cause_pb2.RootCause(
                        service_name="payment", pod_name="payment-7", operation="checkout -> payment"
                    )
                ],
                ruled_out=[root_cause_pb2.RuledOut(service_name="gateway", reason="only passes it on")],
            ),
        )
    )
    server.entries = [
        log_pb2.LogEntry(
            service_name="payment",
            service=service_pb2.Service(
                service_name="payment", service_namespace="shop", deployment_environment_name="prod"
            ),
            pod_name="payment-7",
            scope_name="charges",
            record=LogRecord(
                time_unix_nano=(START - number) * SECOND,
                severity_number=17,  # type: ignore[arg-type]
                body=AnyValue(string_value=f"charge {number} failed"),
                trace_id=bytes([number + 1] * 16),
                span_id=bytes([number + 1] * 8),
            ),
        )
        for number in range(logs)
    ]


def test_the_folder_holds_records_expectation_and_evidence(server: RememberingServer, run: Run, tmp_path: Path) -> None:
    put(server)
    result = run("incidents", "export", "a1", str(tmp_path / "slow-payment"), "--before", "120")
    assert result.exit_code == 0, result.output
    assert "3 log records written" in result.stdout
    assert "spans" in result.stderr

    scenario = read_scenario(tmp_path / "slow-payment")
    (cause,) = scenario.expected.causes
    assert (cause.service, cause.pod, cause.edge) == ("payment", "payment-7", "checkout -> payment")
    assert scenario.expected.not_blamed == ("gateway",)
    assert (scenario.kind, scenario.expected.incident_count) == ("slow-payment", 1)
    assert scenario.begin_unix_nano == START * SECOND

    case = read_case(tmp_path / "slow-payment")
    assert [row.time_unix_nano // SECOND - START for row in case.logs] == [-2, -1, 0]
    newest = case.logs[-1]
    assert (newest.service, newest.pod, newest.scope, newest.body) == (
        "payment",
        "payment-7",
        "charges",
        "charge 0 failed",
    )
    assert (newest.trace_id, newest.span_id, newest.severity_number) == ("01" * 16, "01" * 8, 17)
    assert '"incidents/a1"' in (tmp_path / "slow-payment" / "incident.json").read_text()


def test_what_is_asked_for_is_the_time_around_the_incident(server: RememberingServer, run: Run, tmp_path: Path) -> None:
    put(server)
    assert run("incidents", "export", "incidents/a1", str(tmp_path), "--before", "60").exit_code == 0
    asked, searched = server.requests
    assert isinstance(asked, incident_service_pb2.GetIncidentRequest)
    assert isinstance(searched, log_service_pb2.SearchLogsRequest)
    assert searched.filter == 'time >= "2023-11-14T22:12:20Z" AND time <= "2023-11-14T22:14:20Z"'


@pytest.mark.parametrize(("logs", "options", "note"), [(5, ("--limit", "2"), "newest 2"), (0, (), "nothing is held")])
def test_what_is_missing_is_said(
    server: RememberingServer, run: Run, tmp_path: Path, logs: int, options: tuple[str, ...], note: str
) -> None:
    put(server, logs=logs)
    result = run("incidents", "export", "a1", str(tmp_path), *options)
    assert result.exit_code == 0, result.output
    assert note in result.stderr


def test_that_the_search_was_cut_short_is_said(server: RememberingServer, run: Run, tmp_path: Path) -> None:
    put(server)
    server.incomplete_reason = log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_BYTES
    result = run("incidents", "export", "a1", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "records may be missing" in result.stderr


def test_nothing_is_overwritten(server: RememberingServer, run: Run, tmp_path: Path) -> None:
    put(server)
    (tmp_path / "scenario.yaml").write_text("mine")
    result = run("incidents", "export", "a1", str(tmp_path))
    assert (result.exit_code, (tmp_path / "scenario.yaml").read_text()) == (1, "mine")
    assert "is not empty" in result.stderr
    assert server.requests == []
