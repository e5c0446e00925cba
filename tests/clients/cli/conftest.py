import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypocenter.client.testing import RememberingServer
from typer.testing import CliRunner, Result

from clients.cli import app
from clients.replay.sink import OtlpSink

Run = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[RememberingServer]:
    with RememberingServer() as server:
        yield server


@pytest.fixture
def sink() -> Iterator[OtlpSink]:
    with OtlpSink() as sink:
        yield sink


@pytest.fixture
def run(server: RememberingServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the server."""
    monkeypatch.setenv("HYPOCENTER_ADDRESS", server.address)
    runner = CliRunner()

    def invoke(*arguments: str) -> Result:
        return runner.invoke(app, list(arguments))

    return invoke


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that nobody else gets and nobody answers on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


class StatusPage:
    """A web port that answers /status with what it was given."""

    def __init__(self) -> None:
        self.body = b""
        self.code = 200
        self.url = ""

    def set(self, document: object) -> None:
        self.body = json.dumps(document).encode()


@pytest.fixture
def status_page() -> Iterator[StatusPage]:
    page = StatusPage()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(page.code if self.path == "/status" else 404)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        page.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield page
        server.shutdown()
        thread.join()


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    start = 1_700_000_000_000_000_000
    folder = tmp_path / "case"
    folder.mkdir()
    logs = [{"time_unix_nano": start + n * 1_000_000_000, "service": "cart", "body": f"log {n}"} for n in range(10)]
    spans = [
        {
            "trace_id": f"{n + 1:032x}",
            "span_id": f"{n + 1:016x}",
            "name": "op",
            "service": "cart",
            "start_unix_nano": start + n * 1_000_000_000,
            "end_unix_nano": start + n * 1_000_000_000 + 5,
        }
        for n in range(7)
    ]
    for stem, rows in (("logs", logs), ("spans", spans)):
        (folder / f"{stem}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder
