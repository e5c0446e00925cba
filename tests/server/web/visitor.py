"""What asks the door: one request over a real socket, nothing hidden."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class Visitor:
    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request(method, path, headers={**self.headers, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    @contextmanager
    def events(self, after: int | None = None, headers: Mapping[str, str] | None = None) -> Iterator["Events"]:
        connection = http.client.HTTPConnection(self.address, timeout=15)
        try:
            connection.request(
                "GET", "/events" + (f"?after={after}" if after is not None else ""), headers=headers or {}
            )
            yield Events(connection.getresponse())
        finally:
            connection.close()


class Events:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer

    def next(self) -> dict[str, str]:
        """The fields of the next block; empty at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self._answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields
