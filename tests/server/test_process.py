"""`hypocenter serve` as a process: how it starts, refuses, stops, and what it still knows afterwards."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest
from hypocenter.v1.incident_pb2 import Incident

from clients.replay import OtlpSender, Pace, WallClock, replay, to_otlp_requests
from rca.store import LanceConfig, build
from tests.conftest import StartServer
from tests.rca.store.incidents import full_incident
from tests.running_server import REPOSITORY, RunningServer, server_environment
from tests.server.outage import CULPRIT, SECOND, Outage, record

FAST = {
    "HYPOCENTER_WINDOW__IDLE": "300ms",
    "HYPOCENTER_BASELINE__MIN_HISTORY": "30s",
    "HYPOCENTER_INCIDENT__QUIET": "10s",
    "HYPOCENTER_INCIDENT__REOPEN": "10s",
    "HYPOCENTER_INCIDENT__RESOLVE": "20s",
}
IN_MEMORY = {"HYPOCENTER_STORE__KIND": "memory"}


def refused(data_dir: Path, settings: Mapping[str, str], *arguments: str) -> str:
    """The one line with which it ends at once, with exit code 2 and nothing on stdout."""
    finished = subprocess.run(
        [sys.executable, "-m", "server", "serve", *arguments],
        cwd=REPOSITORY,
        env=server_environment(data_dir, settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (2, ""), finished.stderr
    lines = [line for line in finished.stderr.splitlines() if line.startswith("hypocenter: ")]
    assert len(lines) == 1
    assert "Traceback" not in finished.stderr
    return lines[0]


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the lock, which holds the number of whoever looked last."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def send(server: RunningServer, outage: Outage) -> None:
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        totals = replay(to_otlp_requests(record(outage)), OtlpSender(channel), Pace(None, 0, WallClock()))
    assert totals.rejected == 0


@pytest.mark.parametrize("key", ["otlp.grpc", "api.grpc", "web.http"])
def test_a_port_in_use_is_one_line(key: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        setting = f"HYPOCENTER_{key.upper().replace('.', '__')}"
        line = refused(tmp_path / "data", {**IN_MEMORY, setting: address})
    assert line.startswith(f"hypocenter: {key}: can't listen on {address}: ")
    assert f"set {key} to another port" in line


def test_a_data_directory_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not yours")
    line = refused(occupied / "below", {})
    assert str(occupied / "below") in line
    assert "choose another data_dir" in line
    assert occupied.read_text() == "not yours"


def test_a_corrupt_store_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = build(LanceConfig(data))
    store.save(full_incident("kept"))
    store.close()
    damaged = [path for path in (data / "incidents").rglob("*.manifest") if path.is_file()]
    assert damaged
    for path in damaged:
        path.write_bytes(b"not a manifest")
    before = contents(data)
    line = refused(data, {})
    assert str(data / "incidents") in line
    assert "Nothing was changed" in line
    assert contents(data) == before


def test_configuration_that_cannot_be_meant(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("window: {idel: 5s}\n")
    line = refused(tmp_path / "data", {}, "--config", str(config))
    assert line == "hypocenter: unknown key window.idel; did you mean window.idle?"
    assert not (tmp_path / "data").exists()


def test_restarted_it_knows_its_incidents_and_compares_new_ones_with_them(start_server: StartServer) -> None:
    first = start_server(FAST)
    now = time.time_ns()
    send(first, Outage(start_unix_nano=now - 1000 * SECOND))
    first.settle()
    before = first.incidents()
    assert [culprit(item) for item in before] == [CULPRIT]
    begun = time.monotonic()
    assert first.stop() == 0
    assert time.monotonic() - begun < 10

    second = start_server(FAST)
    assert list(second.incidents()) == list(before)
    send(second, Outage(start_unix_nano=now - 600 * SECOND, normal=150, seed=2))
    second.settle()
    after = second.incidents()
    assert [culprit(item) for item in after] == [CULPRIT, CULPRIT]
    assert after[0].name == before[0].name
    assert after[0].state == Incident.STATE_RESOLVED
    similar = after[1].diagnosis.similar_incidents
    assert [item.incident for item in similar] == [before[0].name]
    assert similar[0].score > 0.5


def culprit(incident: Incident) -> str:
    return incident.diagnosis.root_causes[0].service_name


def test_it_stops_on_ctrl_c_while_being_sent_to_and_watched(start_server: StartServer) -> None:
    """The fixture sees to it that there is no traceback; it stops every other server here by SIGTERM."""
    server = start_server(IN_MEMORY | FAST)
    host, port = server.web_http.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as held:
        held.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        send(server, Outage(start_unix_nano=time.time_ns() - 200 * SECOND))
        begun = time.monotonic()
        assert server.stop(number=signal.SIGINT) == 0
        assert time.monotonic() - begun < 10
