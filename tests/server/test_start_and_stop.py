"""What a start does not load, and that a stop ends in time whatever waits."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from rca.store import LanceConfig, build
from server.errands import Errands
from server.journal import Position
from tests.conftest import StartServer
from tests.rca.store.incidents import full_incident
from tests.running_server import REPOSITORY, server_environment, wait_until

# Seconds that nobody should wait for at a start on an empty store.
HEAVY = {"lancedb", "lance_namespace", "openai", "pandas", "polars", "clients"}


def loaded(data_dir: Path) -> set[str]:
    """Top-level modules in a process in which the service has become ready."""
    program = """
import json, sys
from server.app import App
from server.commands import serve
from server.config import load
app = App(load(None))
app.start()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
app.stop()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env=server_environment(data_dir),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(ended.stdout))


def test_a_start_loads_the_incident_store_only_when_it_holds_something(tmp_path: Path) -> None:
    data = tmp_path / "data"
    empty = loaded(data)
    assert {"numpy", "grpc", "server"} <= empty
    assert not empty & HEAVY
    store = build(LanceConfig(data))
    store.save(full_incident("kept"))
    store.close()
    assert "lancedb" in loaded(data)


def test_an_errand_that_ends_the_pipeline_is_done_and_goes_through() -> None:
    errands = Errands()
    positions: list[Position] = []

    def halt(position: Position) -> None:
        positions.append(position)
        raise SystemExit

    failing = errands.enter(lambda position: 1 // 0)
    halted = errands.enter(halt)
    left = errands.enter(positions.append)
    with pytest.raises(SystemExit):
        errands.run(Position(1, 2))
    assert positions == [Position(1, 2)]
    assert isinstance(failing.exception(0), ZeroDivisionError)
    assert halted.result(0) is None
    assert not left.done()


def request(number: int) -> ExportLogsServiceRequest:
    """Expensive: every body is a shape of its own."""
    made = ExportLogsServiceRequest()
    group = made.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = f"service-{number % 50}"
    part = group.scope_logs.add()
    now = time.time_ns()
    for row in range(5000):
        record = part.log_records.add(time_unix_nano=now + row, severity_number=9)
        record.body.string_value = " ".join(f"word{chr(97 + (number * row + item) % 26)}x" * 3 for item in range(30))
    return made


@pytest.mark.slow
def test_sigterm_with_a_full_inbox_ends_in_time_and_loses_nothing(start_server: StartServer) -> None:
    server = start_server({"HYPOCENTER_OTLP__MAX_PENDING_BYTES": "200000000"})
    sent = 60
    bodies = [request(number) for number in range(sent)]
    with grpc.insecure_channel(server.otlp_grpc) as channel, ThreadPoolExecutor(4) as pool:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        list(pool.map(lambda body: stub.Export(body, timeout=30), bodies))
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 10
    again = start_server()
    wait_until(lambda: not again.status()["logs"]["pending"], 60, lambda: str(again.status()))
    status = again.status()
    assert status["balanced"]
    assert status["logs"]["counted"] == sent * 5000
