"""A small real OpenAI-compatible endpoint that remembers who asked for what."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    authorization: str


class ModelEndpoint:
    """GET /v1/models lists one model; with `key` only to those who send it."""

    def __init__(self, key: str = "") -> None:
        self.asked: list[Asked] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = self.headers.get("authorization", "")
                endpoint.asked.append(Asked(self.path, said))
                known = self.path == "/v1/models"
                allowed = not key or said == f"Bearer {key}"
                self.send_response(404 if not known else 200 if allowed else 401)
                self.end_headers()
                self.wfile.write(b'{"object": "list", "data": [{"id": "small", "object": "model"}]}')

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "ModelEndpoint":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
