"""HTTP/1.1 requests and responses, as much as services that know each other need of it."""

from asyncio import IncompleteReadError, LimitOverrunError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_BODY_BYTES = 64 * 1024


class BadMessageError(Exception):
    """What came over the connection is not a message this shop speaks."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case; argument is what the route's {placeholder} matched."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    argument: str = ""

    def encode(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"host: {host}", f"content-length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"

    def encode(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
            f"content-type: {self.content_type}\r\ncontent-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("latin-1") + self.body


async def read_request(reader: StreamReader) -> Request | None:
    """The next request, or None when the peer has closed. Raises BadMessageError."""
    head = await _read_head(reader)
    if head is None:
        return None
    start, headers = head
    parts = start.split(" ")
    if len(parts) != 3:
        raise BadMessageError(f"not a request line: {start[:80]!r}")
    return Request(parts[0], parts[1], headers, await _read_body(reader, headers))


async def read_response(reader: StreamReader) -> Response:
    """The next response. Raises BadMessageError, also when the peer closed instead of answering."""
    head = await _read_head(reader)
    if head is None:
        raise BadMessageError("connection closed before an answer")
    start, headers = head
    parts = start.split(" ", 2)
    if len(parts) < 2 or not parts[1].isdecimal():
        raise BadMessageError(f"not a status line: {start[:80]!r}")
    body = await _read_body(reader, headers)
    return Response(int(parts[1]), body, headers.get("content-type", ""))


async def _read_head(reader: StreamReader) -> tuple[str, dict[str, str]] | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except IncompleteReadError:
        return None
    except LimitOverrunError as error:
        raise BadMessageError("headers too long") from error
    start, *lines = raw[:-4].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return start, headers


async def _read_body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        raise BadMessageError(f"content-length {length[:20]!r} is not between 0 and {MAX_BODY_BYTES}")
    try:
        return await reader.readexactly(int(length))
    except IncompleteReadError as error:
        raise BadMessageError("connection closed inside a body") from error
