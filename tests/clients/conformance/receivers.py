"""Receivers as they should not be: real servers that speak OTLP badly."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)


class _Stock(LogsServiceServicer):
    """What the generated code and nothing else makes; only that it answers with an empty partial success."""

    def Export(self, request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> ExportLogsServiceResponse:
        response = ExportLogsServiceResponse()
        response.partial_success.SetInParent()
        return response


@contextmanager
def stock_grpc() -> Iterator[str]:
    """Its address. Knows logs only, and has grpcio's own limits."""
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads)
        add_LogsServiceServicer_to_server(_Stock(), server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


class _YesMan(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 2**20)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"fine")

    def do_GET(self) -> None:
        self.send_error(500)

    def do_OPTIONS(self) -> None:
        self.send_error(500)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def yes_man() -> Iterator[str]:
    """The address of an HTTP server that is content with everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _YesMan) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
