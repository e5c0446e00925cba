"""An idle Collector with keepalive pings every few seconds; a gRPC server by default hangs up on it.

HTTP/2 is spoken by hand here, since no client library pings as often as a test has time for.
"""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

from tests.server.flow import Flow

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS, _PING, _GOAWAY = 4, 6, 7
_ACK = 1
PINGS = 20


def frame(kind: int, payload: bytes = b"", flags: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + bytes(4) + payload


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError
        data += chunk
    return data


def frames(connection: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and payload, until the peer hangs up."""
    try:
        while True:
            head = exactly(connection, 9)
            yield head[3], head[4], exactly(connection, int.from_bytes(head[:3], "big"))
    except ConnectionError:
        return


def answers_to_pings(address: str) -> tuple[int, bytes]:
    """How many of PINGS pings of an idle connection are answered, and what is said in a GOAWAY."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(_PREFACE + frame(_SETTINGS))
        answered = 0
        for kind, flags, payload in frames(connection):
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(frame(_SETTINGS, flags=_ACK) + frame(_PING, bytes(8)))
            elif kind == _GOAWAY:
                return answered, payload[8:]
            elif kind == _PING and flags & _ACK:
                answered += 1
                if answered == PINGS:
                    return answered, b""
                connection.sendall(frame(_PING, answered.to_bytes(8, "big")))
    return answered, b"hung up"


def test_pings_of_an_idle_connection_are_answered(flow: Flow) -> None:
    assert answers_to_pings(flow.address) == (PINGS, b"")


def test_a_server_with_default_options_hangs_up() -> None:
    """So the test above can fail."""
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        answered, said = answers_to_pings(address)
        server.stop(None).wait()
    assert answered < PINGS
    assert said == b"too_many_pings"
