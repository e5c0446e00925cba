"""The configured time within which a request has to come in holds at both OTLP doors of the process."""

import http.client
from threading import Event

import grpc

from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until
from tests.server.otlp.messages import LOGS


def test_what_does_not_come_in_time_is_given_up(start_server: StartServer) -> None:
    server = start_server({"HYPOCENTER_OTLP__MESSAGE_WAIT": "300ms", "HYPOCENTER_STORE__KIND": "memory"})
    connection = http.client.HTTPConnection(server.otlp_http, timeout=10)
    connection.putrequest("POST", "/v1/logs")
    connection.putheader("Content-Type", "application/x-protobuf")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"x")
    assert connection.getresponse().status == 503
    connection.close()
    never = Event()
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        streaming: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(LOGS)
        call = streaming.future((b"" for _ in range(1) if never.wait(20)), timeout=20)
        assert call.exception() is not None
        assert call.code() is grpc.StatusCode.CANCELLED
        never.set()
    doors = ("otlp.http", "otlp.grpc")
    wait_until(lambda: all(unread(server, door) == 1 for door in doors), 10, lambda: server.get("/metrics"))


def unread(server: RunningServer, door: str) -> float:
    return server.metric("hypocenter_refused_requests_total", door=door, reason="unread")
