"""A sender of OTLP/HTTP on real sockets, with nothing done for it."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from google.protobuf import json_format
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
LOGS = "/v1/logs"
TRACES = "/v1/traces"
__all__ = ["JSON", "LOGS", "PROTOBUF", "TRACES", "Answer", "BadRequest", "RetryInfo", "Sender"]


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str | None:
        return self.headers.get("content-type")

    def status(self) -> Status:
        """The body of a refusal, in the encoding it says it has."""
        status = Status()
        if self.content_type == JSON:
            return json_format.Parse(self.body, status)
        assert self.content_type == PROTOBUF
        status.ParseFromString(self.body)
        return status

    def violations(self) -> dict[str, str]:
        """Field to description."""
        details = BadRequest()
        (packed,) = self.status().details
        assert packed.Unpack(details)
        return {item.field: item.description for item in details.field_violations}


class Sender:
    def __init__(self, address: str) -> None:
        self.address = address

    def post(self, path: str, body: bytes, content_type: str = PROTOBUF, **headers: str) -> Answer:
        """Underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, {"Content-Type": content_type, **named}, body)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        with self.connection() as connection:
            connection.request(method, path, body or None, dict(headers))
            return self.answer(connection)

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            yield connection
        finally:
            connection.close()

    @staticmethod
    def answer(connection: http.client.HTTPConnection) -> Answer:
        response = connection.getresponse()
        return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
