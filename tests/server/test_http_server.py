"""Heads of requests that do not come: closed in time, counted, and no others are kept waiting."""

import http.client
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server.http_server import HttpServer

HEAD_WAIT = 0.5
# More than fits into the buffers of a connection.
LARGE = 2**26


class Port:
    """A server that answers with the length of the body; what it gave up is counted."""

    def __init__(self, keep_alive: int) -> None:
        self.unread = 0
        app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"]), Route("/large", _large)])
        self._server = HttpServer(
            app, "127.0.0.1:0", "test", keep_alive=keep_alive, head_wait=HEAD_WAIT, unread=self._count
        )
        host, _, port = self._server.start().rpartition(":")
        self.address = (host, int(port))

    def stop(self) -> None:
        self._server.stop(0)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def _count(self) -> None:
        self.unread += 1


def readable(connection: socket.socket, wait: float) -> bool:
    return bool(select.select([connection], [], [], wait)[0])


async def _large(request: Request) -> PlainTextResponse:
    return PlainTextResponse(bytes(LARGE))


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def port() -> Iterator[Port]:
    opened = Port(keep_alive=30)
    yield opened
    opened.stop()


def test_a_head_that_comes_drop_by_drop_is_given_up(port: Port) -> None:
    with port.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        started = time.monotonic()
        # Hung up: an end without a byte, or what a drop that crossed it makes of it.
        with suppress(ConnectionError):
            while not readable(slow, 0.05):
                slow.sendall(b"y")
            assert slow.recv(1) == b""
        assert time.monotonic() - started < 10 * HEAD_WAIT
    assert port.unread == 1


def test_a_connection_that_never_asks_is_closed_and_not_counted(port: Port) -> None:
    with port.connect() as silent:
        assert silent.recv(1) == b""
    assert port.unread == 0


def test_who_does_not_read_what_was_answered_is_not_waited_for(port: Port) -> None:
    with port.connect() as deaf:
        deaf.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\nGET / HT")
        time.sleep(HEAD_WAIT / 2)
        deaf.sendall(b"TP")
        time.sleep(4 * HEAD_WAIT)
        got = 0
        with suppress(ConnectionError):
            while chunk := deaf.recv(2**20):
                got += len(chunk)
    assert got < LARGE


def test_a_body_and_the_time_between_two_requests_are_not_of_the_head(port: Port) -> None:
    with closing(http.client.HTTPConnection(*port.address, timeout=10)) as connection:
        for _ in range(2):
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", "4")
            connection.endheaders(b"ab")
            time.sleep(2 * HEAD_WAIT)
            connection.send(b"cd")
            with connection.getresponse() as answer:
                assert answer.read() == b"4"
            first = connection.sock
            time.sleep(2 * HEAD_WAIT)
        assert connection.sock is first
    assert port.unread == 0


def test_a_second_head_on_a_connection_has_its_own_time(port: Port) -> None:
    with port.connect() as sender:
        sender.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert sender.recv(4096).startswith(b"HTTP/1.1 200")
        sender.sendall(b"GET / HT")
        while sender.recv(4096):
            pass
    assert port.unread == 1
