"""The door in the running service, with the Collector's way of sending."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.running_server import REPOSITORY, RunningServer, server_environment, wait_until
from tests.server.otlp.messages import log, logs
from tests.server.otlp_http.sender import JSON, LOGS, PROTOBUF, TRACES, Sender

StartServer = Callable[..., RunningServer]


def test_both_encodings_are_counted_and_an_idle_connection_does_not_keep_it_from_stopping(
    start_server: StartServer,
) -> None:
    server = start_server()
    sender = Sender(server.otlp_http)
    assert sender.post(LOGS, logs(log("one"), log("two")).SerializeToString()).code == 200
    now = str(time.time_ns())
    span = {"traceId": "ab" * 16, "spanId": "CD" * 8, "startTimeUnixNano": now, "endTimeUnixNano": now}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span, {}]}]}]}).encode()
    # Twice: after an answer that was lost on the way a sender sends the same again.
    for _ in range(2):
        answer = sender.post(TRACES, body, JSON)
        assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"

    def settled() -> bool:
        status = server.status()
        return not status["logs"]["pending"] and not status["traces"]["pending"]

    wait_until(settled, 15, lambda: str(server.status()))
    assert server.status()["logs"]["counted"] == 2
    traces = server.status()["traces"]
    assert (traces["received"], traces["rejected"], traces["counted"], traces["duplicate"]) == (4, 2, 1, 1)
    with Sender(server.otlp_http).connection() as idle:
        idle.request("POST", LOGS, b"", {"Content-Type": PROTOBUF})
        assert Sender.answer(idle).code == 200
        assert server.stop() == 0
    host, port = server.otlp_http.split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_a_taken_port_is_said_with_its_key(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
        answer = subprocess.run(
            [sys.executable, "-m", "server", "serve"],
            cwd=REPOSITORY,
            env={**os.environ, **server_environment(tmp_path, {"HYPOCENTER_OTLP__HTTP": address})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert answer.returncode == 2
    assert f"otlp.http: can't listen on {address}" in answer.stderr
    assert "Traceback" not in answer.stderr
