"""Bytes to a receiver over HTTP/1.1, and its answers as they are."""

from __future__ import annotations

import http.client
import select
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from clients.cli.connection import Credentials
from clients.conformance.errors import NoAnswerError

LOGS = "/v1/logs"
TRACES = "/v1/traces"
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_SECONDS = 30.0
_CHUNK = 2**18


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Header names in lower case."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def status(self) -> Status | None:
        """The google.rpc.Status of a refusal; None when the body is none, or is empty."""
        status = Status()
        try:
            if self.content_type == JSON:
                json_format.Parse(self.body, status, ignore_unknown_fields=True)
            elif self.content_type == PROTOBUF:
                status.ParseFromString(self.body)
        except (json_format.ParseError, DecodeError, UnicodeDecodeError):
            return None
        return status if status.ByteSize() else None

    @property
    def bad_request(self) -> bool:
        status = self.status()
        return status is not None and any(item.Is(BadRequest.DESCRIPTOR) for item in status.details)

    def __str__(self) -> str:
        return f"{self.code} {self.content_type or 'without a content type'}"


class HttpSpeaker:
    """A connection for each request, so that none spoils the next."""

    def __init__(self, address: str, credentials: Credentials = Credentials()) -> None:  # noqa: B008 - frozen
        self.address = address
        self._credentials = credentials
        self._host, _, port = address.rpartition(":")
        self._port = int(port)

    def post(self, path: str, body: bytes, content_type: str = PROTOBUF, coding: str = "") -> HttpAnswer:
        headers = {"Content-Type": content_type} | ({"Content-Encoding": coding} if coding else {})
        return self.request("POST", path, headers, body)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Raises `NoAnswerError`."""
        host, context = self._host.strip("[]"), self._credentials.context
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
        connection = (
            http.client.HTTPConnection(host, self._port, timeout=_SECONDS)
            if context is None
            else http.client.HTTPSConnection(host, self._port, timeout=_SECONDS, context=context)
        )
        try:
            connection.putrequest(method, path)
            for name, value in (self._credentials.headers | dict(headers)).items():
                connection.putheader(name, value)
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            _send(connection, body)
            response = connection.getresponse()
            return HttpAnswer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()


def _send(connection: http.client.HTTPConnection, body: bytes) -> None:
    """Until it is sent or an answer comes: a receiver that refuses a large body does not read it to its end."""
    encrypted = isinstance(connection.sock, ssl.SSLSocket)
    for start in range(0, len(body), _CHUNK):
        # Under TLS what can be read may be a session ticket, and no answer.
        if start and not encrypted and select.select([connection.sock], [], [], 0)[0]:
            return
        try:
            connection.send(body[start : start + _CHUNK])
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            # What it said before it hung up may still be there.
            return
