"""Switching faults over HTTP, and what the shop's HTTP does with input it does not speak."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from clients.shop import Fault, Shop
from clients.shop.control import Control
from clients.shop.http_client import Address, HttpClient, UnreachableError
from clients.shop.http_message import Request, Response
from clients.shop.http_server import HttpServer


class Switches:
    """A control endpoint of a shop that has not been opened: switches work without traffic."""

    def __init__(self, shop: Shop, address: Address, http: HttpClient) -> None:
        self.shop = shop
        self._address = address
        self._http = http

    async def ask(self, method: str, path: str, **headers: str) -> Response:
        return await self._http.send(self._address, Request(method, path, headers))


@pytest.fixture
async def switches() -> AsyncIterator[Switches]:
    shop = Shop("127.0.0.1:1")
    control = Control(shop)
    http = HttpClient()
    await control.start()
    host, _, port = control.url.removeprefix("http://").partition(":")
    yield Switches(shop, (host, int(port)), http)
    await http.close()
    await control.stop()


async def test_a_fault_is_switched_on_and_off(switches: Switches) -> None:
    response = await switches.ask("POST", "/faults/network-delay")
    assert response.status == 200
    assert switches.shop.faults == (Fault.NETWORK_DELAY,)
    listed = json.loads((await switches.ask("GET", "/faults")).body)["faults"]
    assert [each["name"] for each in listed if each["active"]] == ["network-delay"]
    assert {each["name"] for each in listed} == set(Fault)
    await switches.ask("DELETE", "/faults/network-delay")
    assert not switches.shop.faults


async def test_all_faults_are_healed_at_once(switches: Switches) -> None:
    await switches.ask("POST", "/faults/leaf-exception")
    await switches.ask("POST", "/faults/silent-consumer")
    assert len(switches.shop.faults) == 2
    await switches.ask("DELETE", "/faults")
    assert not switches.shop.faults


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/faults/earthquake", 404), ("GET", "/", 404), ("PUT", "/faults", 405), ("POST", "/faults", 405)],
)
async def test_what_is_not_a_switch_is_refused(switches: Switches, method: str, path: str, status: int) -> None:
    response = await switches.ask(method, path)
    assert response.status == status
    assert response.body
    assert not switches.shop.faults


async def test_a_web_page_cannot_switch(switches: Switches) -> None:
    assert (await switches.ask("POST", "/faults/leaf-exception", origin="http://somewhere.test")).status == 403
    assert not switches.shop.faults


@pytest.fixture
async def echo() -> AsyncIterator[HttpServer]:
    async def answer(request: Request) -> Response:
        return Response(200, request.body)

    server = HttpServer(answer)
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize(
    "garbage",
    [
        b"HELLO\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
async def test_garbage_is_a_bad_request(echo: HttpServer, garbage: bytes) -> None:
    reader, writer = await asyncio.open_connection(*echo.address)
    writer.write(garbage)
    assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await writer.wait_closed()
    http = HttpClient()
    assert (await http.send(echo.address, Request("POST", "/", body=b"still here"))).body == b"still here"
    await http.close()


async def test_a_server_that_is_gone_is_unreachable(echo: HttpServer) -> None:
    http = HttpClient(timeout_seconds=2)
    assert (await http.send(echo.address, Request("GET", "/"))).status == 200
    address = echo.address
    await echo.stop()
    with pytest.raises(UnreachableError):
        await http.send(address, Request("GET", "/"))
    await http.close()


async def test_a_server_that_says_nothing_is_unreachable() -> None:
    answered = asyncio.Event()

    async def never(request: Request) -> Response:
        await answered.wait()
        return Response(200)

    server = HttpServer(never)
    await server.start()
    http = HttpClient(timeout_seconds=0.2)
    with pytest.raises(UnreachableError, match="did not answer"):
        await http.send(server.address, Request("GET", "/"))
    await http.close()
    answered.set()
    await server.stop()
