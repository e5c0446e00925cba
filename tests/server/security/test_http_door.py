"""Tokens at the OTLP/HTTP door: the caller is told in its own encoding, and nothing is stored."""

import socket

import pytest
from google.rpc.code_pb2 import Code

from tests.running_server import RunningServer
from tests.server.otlp import messages
from tests.server.otlp_http.sender import JSON, LOGS, PROTOBUF, TRACES, Sender
from tests.server.security.conftest import INGEST, OPERATE, READ, WRONG
from tests.server.security.page import Page


@pytest.fixture(scope="module")
def sender(with_tokens: RunningServer) -> Sender:
    return Sender(with_tokens.otlp_http)


@pytest.fixture(scope="module")
def page(with_tokens: RunningServer) -> Page:
    return Page(with_tokens.web_http, {"Authorization": f"Bearer {READ}"})


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
@pytest.mark.parametrize("path", [LOGS, TRACES, "/v1/metrics", "/"])
@pytest.mark.parametrize(
    ("authorization", "code", "status", "reason"),
    [
        ("", 401, Code.UNAUTHENTICATED, "missing"),
        (f"Basic {INGEST}", 401, Code.UNAUTHENTICATED, "malformed"),
        (f"Bearer {WRONG}", 401, Code.UNAUTHENTICATED, "unknown"),
        (f"Bearer {READ}", 403, Code.PERMISSION_DENIED, "role"),
        (f"Bearer {OPERATE}", 403, Code.PERMISSION_DENIED, "role"),
    ],
)
def test_refused(
    sender: Sender, page: Page, content_type: str, path: str, authorization: str, code: int, status: int, reason: str
) -> None:
    labels = {"door": "otlp.http", "reason": reason}
    before, received = page.metric("hypocenter_refused_credentials_total", **labels), page.received()
    body = messages.logs(messages.log()).SerializeToString() if content_type == PROTOBUF else b'{"resourceLogs": []}'
    headers = {"Authorization": authorization} if authorization else {}
    answer = sender.post(path, body, content_type, **headers)
    assert answer.code == code
    assert answer.content_type == content_type
    assert answer.status().code == status
    assert answer.status().message
    assert answer.headers.get("www-authenticate") == ("Bearer" if code == 401 else None)
    assert not any(token in answer.status().message for token in (INGEST, READ, OPERATE, WRONG))
    assert page.metric("hypocenter_refused_credentials_total", **labels) == before + 1
    assert page.received() == received


def test_let_in(sender: Sender, page: Page) -> None:
    received = page.received()
    body = messages.logs(messages.log("over http")).SerializeToString()
    assert sender.post(LOGS, body, Authorization=f"Bearer {INGEST}").code == 200
    assert page.received() == received + 1
    assert sender.post("/v1/metrics", b"", Authorization=f"Bearer {INGEST}").code == 404


def test_who_waits_to_be_asked_for_its_body_is_refused_at_once(sender: Sender) -> None:
    host, port = sender.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()


def test_a_large_body_is_refused_whole(sender: Sender) -> None:
    assert sender.post(LOGS, bytes(30 * 2**20), Authorization=f"Bearer {WRONG}").code == 401
