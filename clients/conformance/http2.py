"""Just enough HTTP/2 to do by hand what no gRPC library lets its user do: pings at will, any grpc-encoding.

Header blocks are written without compression; those that come are read without a dynamic table, which is set to
nothing by our SETTINGS, and with the Huffman codes of printable characters only.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import TracebackType

from hypocenter.client.channel import bearer

from clients.cli.connection import Credentials
from clients.conformance.errors import NoAnswerError

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _CONTINUATION = 0, 1, 3, 4, 6, 7, 9
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_NO_TABLE = b"\x00\x01\x00\x00\x00\x00"
_SECONDS = 10.0
# RFC 7541, appendix B. The code is canonical, so the lengths are enough; longer ones stand for what is not printable.
_LENGTHS = (
    (5, "012aceiost"),
    (6, " %-./3456789=A_bdfghlmnpru"),
    (7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, "&*,;XZ"),
    (10, '!"()?'),
    (11, "'+|"),
    (12, "#>"),
    (13, "\0$@[]~"),
    (14, "^}"),
    (15, "<`{"),
)


class Http2Connection:
    """Raises `NoAnswerError` when the other end does not speak, or hangs up."""

    def __init__(self, address: str, credentials: Credentials = Credentials()) -> None:  # noqa: B008 - frozen
        host, _, port = address.rpartition(":")
        self._headers = dict(bearer(credentials.token))
        try:
            self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS)
            if credentials.context is not None:
                credentials.context.set_alpn_protocols(["h2"])
                self._socket = credentials.context.wrap_socket(self._socket, server_hostname=host.strip("[]"))
            self._socket.sendall(_PREFACE + _frame(_SETTINGS, _NO_TABLE))
        except OSError as error:
            raise NoAnswerError(str(error)) from error

    def __enter__(self) -> Http2Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def pings(self, count: int) -> tuple[int, str]:
        """How many pings, each sent when the one before is answered, are answered; what a GOAWAY said."""
        answered = 0
        self._socket.sendall(_frame(_PING, bytes(8)))
        for kind, flags, payload in self._frames():
            if kind == _GOAWAY:
                return answered, payload[8:].decode("ascii", "replace")
            if kind == _PING and flags & _ACK:
                answered += 1
                if answered == count:
                    return answered, ""
                self._socket.sendall(_frame(_PING, answered.to_bytes(8, "big")))
        return answered, "hung up"

    def call(self, method: str, authority: str, coding: str, compressed: bytes) -> dict[str, str]:
        """One gRPC call whose message is compressed with `coding`; headers and trailers of the answer."""
        request = {
            ":method": "POST",
            ":scheme": "http",
            ":path": method,
            ":authority": authority,
            "content-type": "application/grpc",
            "te": "trailers",
            "grpc-encoding": coding,
        } | self._headers
        message = b"\x01" + len(compressed).to_bytes(4, "big") + compressed
        self._socket.sendall(
            _frame(_HEADERS, header_block(request), _END_HEADERS, 1) + _frame(_DATA, message, _END_STREAM, 1)
        )
        found: dict[str, str] = {}
        block = b""
        for kind, flags, payload in self._frames():
            if kind in (_HEADERS, _CONTINUATION):
                block += payload
                if flags & _END_HEADERS:
                    found.update(read_headers(block))
                    block = b""
            if kind == _RST_STREAM or (kind in (_DATA, _HEADERS) and flags & _END_STREAM):
                return found
            if kind == _GOAWAY:
                break
        raise NoAnswerError("the connection was closed before the answer was complete")

    def _frames(self) -> Iterator[tuple[int, int, bytes]]:
        """Kind, flags and payload until the other end hangs up; settings and pings of its own are answered."""
        while head := self._exactly(9):
            kind, flags = head[3], head[4]
            payload = self._exactly(int.from_bytes(head[:3], "big"))
            if kind == _SETTINGS and not flags & _ACK:
                self._socket.sendall(_frame(_SETTINGS, flags=_ACK))
            elif kind == _PING and not flags & _ACK:
                self._socket.sendall(_frame(_PING, payload, _ACK))
            else:
                yield kind, flags, payload

    def _exactly(self, size: int) -> bytes:
        """Nothing when the other end has hung up."""
        data = b""
        try:
            while len(data) < size:
                chunk = self._socket.recv(size - len(data))
                if not chunk:
                    return b""
                data += chunk
        except ConnectionError:
            return b""
        except OSError as error:
            raise NoAnswerError(str(error)) from error
        return data


def _frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header_block(headers: dict[str, str]) -> bytes:
    """Literals without indexing."""
    return b"".join(
        b"\x00" + b"".join(_size(len(text)) + text.encode("ascii") for text in pair) for pair in headers.items()
    )


def _size(length: int) -> bytes:
    """As a number of seven bits and, where they are too few, of what follows."""
    if length < 127:
        return bytes([length])
    rest, found = length - 127, b"\x7f"
    while rest >= 128:
        found, rest = found + bytes([rest & 127 | 128]), rest >> 7
    return found + bytes([rest])


def read_headers(block: bytes) -> Iterator[tuple[str, str]]:
    """Names and values; names of the static table come as their number, and only literals have a value."""
    at = 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            _, at = _integer(block, at, 7)
        elif first & 0xE0 == 0x20:
            _, at = _integer(block, at, 5)
        else:
            index, at = _integer(block, at, 6 if first & 0x40 else 4)
            name = f"#{index}"
            if not index:
                name, at = _string(block, at)
            value, at = _string(block, at)
            yield name, value


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    value = block[at] & (1 << bits) - 1
    at += 1
    if value < (1 << bits) - 1:
        return value, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _string(block: bytes, at: int) -> tuple[str, int]:
    coded = bool(block[at] & 0x80)
    size, at = _integer(block, at, 7)
    raw = block[at : at + size]
    return _unpacked(raw) if coded else raw.decode("latin-1"), at + size


def _unpacked(raw: bytes) -> str:
    text = ""
    code = length = 0
    for bit in (byte >> place & 1 for byte in raw for place in range(7, -1, -1)):
        code, length = code << 1 | bit, length + 1
        if (length, code) in _CODES:
            text += _CODES[length, code]
            code = length = 0
    return text


def _codes() -> dict[tuple[int, int], str]:
    codes: dict[tuple[int, int], str] = {}
    code = before = 0
    for length, symbols in _LENGTHS:
        code <<= length - before
        before = length
        for symbol in symbols:
            codes[length, code] = symbol
            code += 1
    return codes


_CODES = _codes()
