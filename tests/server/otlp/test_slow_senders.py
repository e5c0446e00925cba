"""Senders over gRPC whose messages do not come, or drop by drop: others are served meanwhile, and they are ended."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event

import grpc
import pytest

from clients.conformance.http2 import header_block
from server.inbox import Inbox
from server.intake import Intake
from server.ledger import Ledger, Signal
from server.otlp.grpc_door import OtlpGrpcDoor
from tests.running_server import wait_until
from tests.server.otlp.calls import send
from tests.server.otlp.messages import LOGS, TRACES, log, logs, span, spans

# Many more than are worked on at a time.
SILENT = 50
UNREAD = ("otlp.grpc", "unread")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS = 0, 1, 3, 4
_END_HEADERS = 4


class Door:
    """A door by itself; what it refuses is counted."""

    def __init__(self, message_wait: float) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()
        self.ledger = Ledger()
        intake = Intake(Inbox(2**20, self.ledger), self.ledger)
        self._door = OtlpGrpcDoor(
            intake,
            "127.0.0.1:0",
            2**20,
            count=lambda *what: self.counted.update([what]),
            message_wait=message_wait,
        )
        self.address = self._door.start()

    def stop(self) -> None:
        self._door.stop(0)


@pytest.fixture
def open_door() -> Iterator[Callable[[float], Door]]:
    with ExitStack() as stack:

        def opened(message_wait: float) -> Door:
            door = Door(message_wait)
            stack.callback(door.stop)
            return door

        yield opened


class Silent:
    """Calls that are opened and never send anything."""

    def __init__(self, channel: grpc.Channel, method: str, number: int) -> None:
        self._never = Event()
        streaming: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(method)
        self.calls = [streaming.future(self._messages(), timeout=60) for _ in range(number)]

    def end(self) -> None:
        for call in self.calls:
            call.cancel()
        self._never.set()

    def codes(self) -> set[grpc.StatusCode]:
        """Once all have ended."""
        for call in self.calls:
            assert call.exception(timeout=20) is not None
        return {call.code() for call in self.calls}

    def _messages(self) -> Iterator[bytes]:
        self._never.wait(60)
        yield from ()


def test_calls_without_a_message_do_not_block_the_door(open_door: Callable[[float], Door]) -> None:
    door = open_door(60.0)
    with grpc.insecure_channel(door.address) as channel:
        silent = Silent(channel, LOGS, SILENT)
        try:
            # Each within 10 s, which is what `send` waits for.
            assert send(channel, LOGS, logs(log()).SerializeToString()) == b""
            assert send(channel, TRACES, spans(span(1)).SerializeToString()) == b""
            assert not any(call.done() for call in silent.calls)
        finally:
            silent.end()
    assert door.ledger.account(Signal.LOGS).received == door.ledger.account(Signal.TRACES).received == 1
    wait_until(lambda: door.counted[UNREAD] == SILENT, 10, lambda: str(door.counted))


def test_calls_without_a_message_are_ended_and_counted(open_door: Callable[[float], Door]) -> None:
    door = open_door(0.5)
    with grpc.insecure_channel(door.address) as channel:
        silent = Silent(channel, TRACES, SILENT)
        try:
            assert silent.codes() == {grpc.StatusCode.CANCELLED}
        finally:
            silent.end()
        assert send(channel, LOGS, logs(log()).SerializeToString()) == b""
    wait_until(lambda: door.counted == {UNREAD: SILENT}, 10, lambda: str(door.counted))


def frame(kind: int, payload: bytes, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        assert chunk, "hung up"
        data += chunk
    return data


def test_a_message_that_comes_drop_by_drop_has_the_same_time(open_door: Callable[[float], Door]) -> None:
    door = open_door(0.5)
    host, _, port = door.address.rpartition(":")
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": LOGS,
        ":authority": door.address,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    body = logs(log("x" * 1000)).SerializeToString()
    message = b"\0" + len(body).to_bytes(4, "big") + body
    with socket.create_connection((host, int(port)), timeout=0.05) as connection:
        connection.sendall(_PREFACE + frame(_SETTINGS, b"") + frame(_HEADERS, header_block(headers), _END_HEADERS, 1))
        for drop in message:
            connection.sendall(frame(_DATA, bytes([drop]), stream=1))
            try:
                head = exactly(connection, 9)
            except TimeoutError:
                continue
            connection.settimeout(5)
            exactly(connection, int.from_bytes(head[:3], "big"))
            connection.settimeout(0.05)
            if head[3] in (_RST_STREAM, _HEADERS) and int.from_bytes(head[5:9], "big") == 1:
                break
        else:
            raise AssertionError("all of it was taken in, however long that took")
    wait_until(lambda: door.counted == {UNREAD: 1}, 10, lambda: str(door.counted))
    assert door.ledger.account(Signal.LOGS).received == 0
