"""Both READMEs, and a server that knows the incident and the services they show."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypocenter.client import Client

from analyzers.service import service_key
from rca.incident import State
from rca.store import LanceConfig, build
from tests.rca.store.incidents import SECOND, diagnosis, full_incident
from tests.readme.document import CHINESE, ENGLISH, Document
from tests.running_server import RunningServer, wait_until

PROGRAM = Path(sys.executable).with_name("hypocenter")
OTHER = "00000000000000ab"
_TRACE, _CALLER, _CALLED = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"


@pytest.fixture(scope="session")
def english() -> Document:
    return Document(ENGLISH)


@pytest.fixture(scope="session")
def chinese() -> Document:
    return Document(CHINESE)


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"], scope="session")
def readme(request: pytest.FixtureRequest) -> Document:
    return Document(request.param)


@dataclass(frozen=True, slots=True)
class Shown:
    """The server, and the environment in which the README's commands find it."""

    server: RunningServer
    environment: dict[str, str]


@pytest.fixture(scope="session")
def shown(english: Document, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A running server that has seen checkout call payment, and remembers two open incidents: one with the id of the
    demo's printout, which the commands resolve, and OTHER, of another environment, which stays as it is."""
    folder = tmp_path_factory.mktemp("readme")
    incident_id = re.findall(r"incidents/([0-9a-f]{16})", english.block("text", 1).text)[0]
    remember(folder / "data", incident_id, OTHER)
    server = RunningServer(folder, {"HYPOCENTER_WINDOW__IDLE": "100ms"})
    try:
        send_one_call(folder / "case", server)
        yield Shown(server, {"HYPOCENTER_ADDRESS": server.api_grpc, "HYPOCENTER_WEB": f"http://{server.web_http}"})
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert "Traceback" not in server.stderr


def remember(data_dir: Path, *incident_ids: str) -> None:
    """Open incidents of this minute, so that they are not resolved for being old; each of an environment of its own,
    so that no two are taken for one failure."""
    store = build(LanceConfig(data_dir))
    try:
        for incident_id in incident_ids:
            cause = service_key("payment", "shop", f"environment-{incident_id}")
            known = full_incident(incident_id, start=time.time_ns() - 10 * SECOND)
            known = replace(known, services=(cause,), diagnosis=diagnosis(cause))
            store.save(replace(known, state=State.OPEN, resolution=""))
    finally:
        store.close()


def send_one_call(case: Path, server: RunningServer) -> None:
    """With `hypocenter replay`, as rows of a case; returns when the service graph has it."""
    start = 1_795_170_000 * SECOND
    caller = {"span_id": _CALLER, "name": "POST /orders", "service": "checkout", "end_unix_nano": start + 3 * SECOND}
    called = {"span_id": _CALLED, "name": "POST /charges", "service": "payment", "end_unix_nano": start + 2 * SECOND}
    spans = [
        {**caller, "trace_id": _TRACE, "parent_span_id": "", "start_unix_nano": start},
        {**called, "trace_id": _TRACE, "parent_span_id": _CALLER, "start_unix_nano": start + SECOND},
    ]
    logs = [{"time_unix_nano": start + SECOND, "service": "payment", "body": "timeout after 900 ms"}]
    case.mkdir()
    (case / "spans.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in spans))
    (case / "logs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in logs))
    subprocess.run(
        [PROGRAM, "replay", case, "--shift-to-now", "--endpoint", server.otlp_grpc],
        check=True,
        capture_output=True,
        timeout=60,
    )
    with Client(server.api_grpc) as client:
        wait_until(lambda: len(client.get_service_graph().edges) == 1, 30, lambda: f"no call: {server.stderr}")
