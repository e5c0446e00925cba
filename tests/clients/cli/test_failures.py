"""When something is wrong there is one line that says what to do, an exit code, and no traceback."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
import typer
from google.rpc import error_details_pb2
from hypocenter.client.testing import Failure, RememberingServer
from typer.testing import CliRunner, Result

from clients.cli import app
from clients.cli.durations import parse_duration

Run = Callable[..., Result]


@pytest.mark.parametrize(
    "command",
    [
        ["incidents", "list"],
        ["incidents", "show", "a"],
        ["incidents", "search", "a"],
        ["incidents", "ack", "a"],
        ["incidents", "watch"],
        ["logs", "search"],
        ["templates"],
        ["graph"],
        ["ask", "why?"],
    ],
)
def test_nobody_there_is_one_line_and_three(run: Run, nowhere: str, command: list[str]) -> None:
    result = run(*command, "--address", nowhere)
    assert (result.exit_code, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"error: nothing answers at {nowhere}: start it with")
    assert "--address" in result.stderr


def test_a_server_that_is_busy_is_not_called_absent(server: RememberingServer, run: Run) -> None:
    info = error_details_pb2.ErrorInfo(reason="DRAINING", domain="hypocenter")
    server.fail("GetServiceGraph", *[Failure(grpc.StatusCode.UNAVAILABLE, "draining", (info,))] * 5)
    result = run("graph")
    assert result.exit_code == 3
    assert result.stderr == f"error: the server at {server.address} cannot answer now: draining; try again soon\n"


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (Failure(grpc.StatusCode.NOT_FOUND, "no incident a"), "NOT_FOUND: no incident a"),
        (Failure(grpc.StatusCode.INTERNAL, "trace 1f"), "INTERNAL: trace 1f"),
        (Failure(grpc.StatusCode.UNAUTHENTICATED, "no token"), "no token; set HYPOCENTER_TOKEN"),
        (Failure(grpc.StatusCode.UNIMPLEMENTED, ""), "is not the API of Hypocenter"),
        (
            Failure(
                grpc.StatusCode.INVALID_ARGUMENT,
                "bad name",
                (
                    error_details_pb2.BadRequest(
                        field_violations=[
                            error_details_pb2.BadRequest.FieldViolation(field="name", description="must not be empty")
                        ]
                    ),
                ),
            ),
            "INVALID_ARGUMENT: bad name; name: must not be empty",
        ),
    ],
)
def test_a_refusal_is_its_message_and_one(server: RememberingServer, run: Run, failure: Failure, message: str) -> None:
    server.fail("GetIncident", failure)
    result = run("incidents", "show", "a")
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_watch_that_was_away_too_long_starts_over(server: RememberingServer, run: Run) -> None:
    server.fail("WatchIncidents", Failure(grpc.StatusCode.OUT_OF_RANGE, "too old"))
    result = run("incidents", "watch", "--limit", "1")
    assert result.exit_code == 0
    assert "starting over" in result.stderr


def test_the_token_comes_from_the_environment(
    server: RememberingServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPOCENTER_TOKEN", "secret")
    run("graph")
    assert server.metadata[0]["authorization"] == "Bearer secret"


def test_contradicting_or_unreadable_settings_are_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HYPOCENTER_CA_FILE", str(tmp_path / "absent.pem"))
    result = run("graph")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot read" in result.stderr
    monkeypatch.setenv("HYPOCENTER_INSECURE", "1")
    assert "contradict" in run("graph").stderr


@pytest.mark.parametrize("text", ["", "fast", "1x", "5 parsecs", "-1s"])
def test_a_length_of_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a length of time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "nano"), [("30", 30 * 10**9), ("30s", 30 * 10**9), ("1h30m", 5400 * 10**9), ("250ms", 25 * 10**7)]
)
def test_lengths_of_time_are_read(text: str, nano: int) -> None:
    assert parse_duration(text) == nano


def test_the_commands_can_be_mounted_without_a_name(server: RememberingServer) -> None:
    main = typer.Typer()

    @main.command()
    def serve() -> None:
        pass

    main.add_typer(app)
    assert CliRunner().invoke(main, ["incidents", "list", "--address", server.address]).exit_code == 0
    assert CliRunner().invoke(main, ["graph", "--address", server.address]).exit_code == 0
    assert CliRunner().invoke(main, ["serve"]).exit_code == 0


def test_importing_the_commands_brings_nothing_heavy() -> None:
    program = "import sys, clients.cli; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    heavy = {"lancedb", "pyarrow", "openai", "numpy", "networkx", "server", "rca", "analyzers"}
    assert not heavy & set(loaded.split())
