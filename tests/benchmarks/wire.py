"""A gRPC client that costs next to nothing: frames of HTTP/2 written to one socket, like a Collector's one connection.

What it sends is framed and compressed already. Header blocks are literals; what comes back is looked at for its status
alone. It keeps the flow control of the other side.
"""

import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_INITIAL_WINDOW, _MAX_FRAME = 4, 5
_NO_TABLE = struct.pack(">HI", 1, 0)
# "grpc-status: 0" as literals, as grpc-core writes it and, Huffman coded, as grpc-go does.
_OK = (b"grpc-status\x010", b"\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x010")
# Bytes handed to the kernel at once.
_CHUNK = 1 << 20
_SILENCE = 30.0
# How long a refused request waits before it is sent again, in seconds.
_PAUSE = 0.05


class WireError(Exception):
    """The server hung up, or does not answer."""


@dataclass(frozen=True, slots=True)
class Driven:
    """`latencies` in seconds, in the order of the answers, from when a request was due; `refused` were sent again.

    `answered` are the times of the answers by time.perf_counter(), in the same order.
    """

    seconds: float
    latencies: list[float]
    refused: int
    answered: list[float]


@dataclass(slots=True)
class _Stream:
    number: int
    due: float
    message: bytes
    window: int
    sent: int = 0


@dataclass(slots=True)
class _Work:
    """What one call of `drive` still has to do."""

    messages: Iterator[bytes]
    total: int
    in_flight: int
    interval: float
    begun: int = 0
    refused: int = 0
    # Refused ones, and when they were due.
    again: deque[tuple[bytes, float]] = field(default_factory=deque)
    resume: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


class WireClient:
    """One connection to one method. Raises `WireError`."""

    def __init__(self, address: str, method: str, compressed: bool = False) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=_SILENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._headers = _header_block(method, address, compressed)
        self._window = 65_535
        self._initial = 65_535
        self._frame_size = 16_384
        self._next = 1
        self._open: dict[int, _Stream] = {}
        self._unsent: deque[_Stream] = deque()
        window = _frame(_WINDOW_UPDATE, struct.pack(">I", 2**30))
        self._out: deque[bytes | memoryview] = deque([_PREFACE + _frame(_SETTINGS, _NO_TABLE) + window])
        self._in = bytearray()

    def __enter__(self) -> "WireClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def drive(self, messages: Iterator[bytes], total: int, in_flight: int = 64, interval: float = 0.0) -> Driven:
        """Send `total` messages and wait for every answer.

        Closed loop: as many at once as `in_flight`. Open loop, with an `interval` in seconds: each is due at its time,
        whatever became of those before.
        """
        work = _Work(messages, total, in_flight, interval)
        started = heard = time.perf_counter()
        while len(work.latencies) < total:
            now = time.perf_counter()
            wait = self._begin(work, started, now)
            self._fill()
            readable, writable, _ = select.select([self._socket], [self._socket] if self._out else [], [], wait)
            if writable:
                self._write()
            if readable:
                heard = now
                self._read(work)
            elif now - heard > _SILENCE:
                raise WireError(f"no answer for {_SILENCE:g} s; {len(work.latencies)} of {total} done")
        return Driven(time.perf_counter() - started, work.latencies, work.refused, work.answered)

    def _begin(self, work: _Work, started: float, now: float) -> float:
        """Open what is to be opened now; how long there is nothing else to open, in seconds."""
        while work.again and now >= work.resume and len(self._open) < work.in_flight:
            self._start(*work.again.popleft())
        while work.begun < work.total:
            due = now
            if work.interval:
                due = started + work.begun * work.interval
                if due > now:
                    return due - now
            elif len(self._open) + len(work.again) >= work.in_flight:
                break
            self._start(next(work.messages), due)
            work.begun += 1
        return _PAUSE if work.again else 1.0

    def _start(self, message: bytes, due: float) -> None:
        stream = _Stream(self._next, due, message, self._initial)
        self._next += 2
        self._open[stream.number] = stream
        self._unsent.append(stream)
        self._out.append(_frame(_HEADERS, self._headers, _END_HEADERS, stream.number))

    def _fill(self) -> None:
        """Frames of messages into the way out, as far as flow control allows; in turn where a stream is held up."""
        ready = sum(map(len, self._out))
        for _ in range(len(self._unsent)):
            if ready >= _CHUNK or self._window <= 0:
                return
            stream = self._unsent.popleft()
            view = memoryview(stream.message)
            while stream.sent < len(view) and ready < _CHUNK:
                size = min(len(view) - stream.sent, self._frame_size, stream.window, self._window)
                if size <= 0:
                    break
                last = stream.sent + size == len(view)
                head = struct.pack(">IBI", size << 8 | _DATA, _END_STREAM if last else 0, stream.number)
                self._out.append(head)
                self._out.append(view[stream.sent : stream.sent + size])
                stream.sent += size
                stream.window -= size
                self._window -= size
                ready += size
            if stream.sent < len(view):
                (self._unsent.append if stream.window <= 0 else self._unsent.appendleft)(stream)

    def _write(self) -> None:
        try:
            written = self._socket.sendmsg([self._out[index] for index in range(min(len(self._out), 512))])
        except BlockingIOError:
            return
        while written:
            head = self._out.popleft()
            if written < len(head):
                self._out.appendleft(memoryview(head)[written:])
                return
            written -= len(head)

    def _read(self, work: _Work) -> None:
        try:
            chunk = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not chunk:
            raise WireError("the server hung up")
        self._in += chunk
        at = 0
        while len(self._in) - at >= 9:
            size = int.from_bytes(self._in[at : at + 3], "big")
            if len(self._in) - at < 9 + size:
                break
            kind, flags = self._in[at + 3], self._in[at + 4]
            number = int.from_bytes(self._in[at + 5 : at + 9], "big") & 0x7FFF_FFFF
            self._take(kind, flags, number, bytes(self._in[at + 9 : at + 9 + size]), work)
            at += 9 + size
        del self._in[:at]

    def _take(self, kind: int, flags: int, number: int, payload: bytes, work: _Work) -> None:
        if kind == _WINDOW_UPDATE:
            grown = int.from_bytes(payload, "big")
            if not number:
                self._window += grown
            elif number in self._open:
                self._open[number].window += grown
        elif kind == _SETTINGS and not flags & _ACK:
            self._settle(payload)
        elif kind == _PING and not flags & _ACK:
            self._out.append(_frame(_PING, payload, _ACK))
        elif kind == _GOAWAY:
            raise WireError(f"GOAWAY: {payload[8:]!r}")
        elif number in self._open and (kind == _RST_STREAM or (kind == _HEADERS and flags & _END_STREAM)):
            stream = self._open.pop(number)
            if kind == _HEADERS and any(status in payload for status in _OK):
                work.answered.append(time.perf_counter())
                work.latencies.append(work.answered[-1] - stream.due)
            else:
                work.refused += 1
                work.again.append((stream.message, stream.due))
                work.resume = time.perf_counter() + _PAUSE

    def _settle(self, payload: bytes) -> None:
        for key, value in struct.iter_unpack(">HI", payload):
            if key == _INITIAL_WINDOW:
                for stream in self._open.values():
                    stream.window += value - self._initial
                self._initial = value
            elif key == _MAX_FRAME:
                self._frame_size = min(value, 1 << 17)
        self._out.append(_frame(_SETTINGS, flags=_ACK))


def _frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def _header_block(method: str, authority: str, compressed: bool) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method,
        ":authority": authority,
        "content-type": "application/grpc",
        "te": "trailers",
        "grpc-encoding": "gzip" if compressed else "identity",
    }
    return b"".join(
        b"\x00" + b"".join(bytes([len(item)]) + item.encode("ascii") for item in pair) for pair in headers.items()
    )
