"""The kit, held against Hypocenter and against receivers that are known to be bad."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from typer.testing import CliRunner, Result

from clients.conformance.command import app
from clients.conformance.samples import nested, of_size
from clients.conformance.suite import ROWS
from server.cli import main
from tests.clients.conformance.receivers import stock_grpc, yes_man
from tests.clients.conformance.tables import READMES, hypocenter_column
from tests.running_server import RunningServer

# The default of 64 MiB would only take longer.
LIMIT = 6 * 2**20
StartServer = Callable[..., RunningServer]


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def verdicts(result: Result) -> dict[str, str]:
    document: dict[str, Any] = json.loads(result.stdout)
    return {row["id"]: row["verdict"] for row in document["rows"]}


def test_every_row_is_one() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS) > 50
    assert all(row.demanded and row.section for row in ROWS)


def test_hypocenter_holds_what_must_hold(start_server: StartServer) -> None:
    server = start_server({"HYPOCENTER_OTLP__MAX_MESSAGE_BYTES": str(LIMIT)})
    result = invoke("--grpc", server.otlp_grpc, "--http", server.otlp_http, "--limit", str(LIMIT), "--json")
    assert result.exit_code == 0, result.stdout
    document = json.loads(result.stdout)
    assert document["conformant"] is True
    found = verdicts(result)
    assert [id_ for id_, verdict in found.items() if verdict == "fail"] == []
    # Nothing that could be tried from outside was left out.
    assert [id_ for id_, verdict in found.items() if verdict == "skip"] == ["grpc.12", "http.22"]
    assert all(row["seen"] for row in document["rows"])
    demanding = {row["id"]: row["verdict"] for row in document["rows"] if row["level"] != "INFO"}
    for readme in READMES:
        assert hypocenter_column(readme.read_text(encoding="utf-8")) == demanding
    status = server.status()
    assert status["logs"]["received"] > 0
    assert status["traces"]["rejected"] > 100_000
    table = invoke("--grpc", server.otlp_grpc, "--limit", str(LIMIT))
    assert table.exit_code == 0
    assert all(row.id in table.stdout for row in ROWS)
    assert "no --http was given" in table.stdout
    assert "MUST: " in table.stdout


def test_a_stock_grpc_server_is_found_out() -> None:
    """What OTLP.md measured of it."""
    with stock_grpc() as address:
        result = invoke("--grpc", address, "--json")
    assert result.exit_code == 1
    found = verdicts(result)
    failed = {id_ for id_, verdict in found.items() if verdict == "fail"}
    assert {"grpc.2.size", "grpc.6", "grpc.11.code", "grpc.11.detail", "grpc.4"} <= failed
    assert {id_ for id_ in failed if id_ in ("grpc.1", "grpc.2.limit", "grpc.2.bomb", "grpc.3", "grpc.24")} == set()
    seen = {row["id"]: row["seen"] for row in json.loads(result.stdout)["rows"]}
    assert "too_many_pings" in seen["grpc.ping"]
    assert seen["grpc.zstd"].startswith("INTERNAL")
    assert {verdict for id_, verdict in found.items() if not id_.startswith("grpc.")} == {"skip"}


def test_one_who_says_yes_to_everything_is_found_out() -> None:
    with yes_man() as address:
        result = invoke("--http", address, "--limit", str(4 * 2**20), "--json")
    assert result.exit_code == 1
    passed = {id_ for id_, verdict in verdicts(result).items() if verdict == "pass"}
    # It does take what must be taken.
    assert {"http.1", "http.14.paths", "http.24", "json.16.shape", "json.16.integers"} <= passed
    assert passed.isdisjoint(
        {"http.6", "http.15", "http.17.limit", "http.17.bomb", "http.19.protobuf", "http.19.json", "http.19.all"}
        | {"http.21", "http.14.method", "http.14.path", "http.14.type", "json.18", "json.16.hex", "json.16.depth"}
    )


def test_a_port_that_is_no_grpc_fails_and_does_not_hang() -> None:
    with yes_man() as address:
        result = invoke("--grpc", address, "--json")
    assert result.exit_code == 1
    assert verdicts(result)["grpc.1"] == "fail"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--grpc"),
        (["--grpc", "nonsense"], "HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "HOST:PORT"),
    ],
)
def test_wrong_usage_says_what_to_do(arguments: list[str], said: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_nobody_there_is_said_at_once() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        result = invoke("--http", f"127.0.0.1:{held.getsockname()[1]}")
    assert result.exit_code == 3
    assert "nothing answers" in result.stderr


def test_it_is_a_command_of_hypocenter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["conformance", "--help"])
    assert ended.value.code == 0
    assert "--http" in capsys.readouterr().out


@pytest.mark.parametrize("size", [7, 100, 129, 2**14 + 3, 2**21 + 9])
def test_samples_have_the_size_they_say(size: int) -> None:
    assert len(of_size(size)) == size


def test_nested_is_what_protobuf_would_write() -> None:
    value = ExportLogsServiceRequest.FromString(nested(3)).resource_logs[0].scope_logs[0].log_records[0].body
    for _ in range(3):
        (value,) = value.array_value.values
    assert value.int_value == 1
