"""The kit held against the receiver of the real Collector: what it finds is information, that it runs is the test."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from clients.conformance.command import app
from clients.conformance.suite import ROWS
from tests.collector.collector_process import free_ports, wait_until

pytestmark = [pytest.mark.collector, pytest.mark.timeout(1500)]


@pytest.fixture
def receiver(binary: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Its OTLP receiver with nothing but its defaults, over gRPC and HTTP."""
    grpc, http = (f"127.0.0.1:{port}" for port in free_ports(2))
    pipeline = {"receivers": ["otlp"], "exporters": ["debug"]}
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": grpc}, "http": {"endpoint": http}}}},
                "exporters": {"debug": {}},
                "service": {
                    "telemetry": {"metrics": {"level": "none"}},
                    "pipelines": {"logs": pipeline, "traces": pipeline},
                },
            }
        )
    )
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([binary, "--config", config], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "Everything is ready" in log.read_text(), 30, log.read_text)
        yield grpc, http
    finally:
        process.terminate()
        process.wait(30)


def test_the_collector_s_own_receiver(receiver: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    grpc, http = receiver
    result = CliRunner().invoke(app, ["--grpc", grpc, "--http", http, "--json"])
    assert result.exit_code in (0, 1)
    document = json.loads(result.stdout)
    assert [row["id"] for row in document["rows"]] == [row.id for row in ROWS]
    # Over the wire it does speak OTLP: where it fails it is by a demand, and never for want of an answer.
    seen = {row["id"]: row for row in document["rows"]}
    assert [row["id"] for row in document["rows"] if row["seen"].startswith("no answer")] == []
    assert seen["grpc.1"]["verdict"] == seen["http.1"]["verdict"] == seen["json.16.shape"]["verdict"] == "pass"
    with capsys.disabled():
        print()
        for row in document["rows"]:
            print(f"{row['id']:17}{row['level']:7}{row['verdict']:6}{row['demanded']}: {row['seen']}")
