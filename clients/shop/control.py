"""Switches faults over HTTP while the shop runs: GET /faults, POST and DELETE /faults/NAME, DELETE /faults."""

import json

from clients.shop.faults import FAULTS, Fault
from clients.shop.http_message import Request, Response
from clients.shop.http_server import HttpServer
from clients.shop.shop import Shop


class Control:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._server = HttpServer(self._answer)

    @property
    def url(self) -> str:
        host, port = self._server.address
        return f"http://{host}:{port}"

    async def start(self, port: int = 0) -> None:
        """Raises OSError when the port is taken."""
        await self._server.start(port)

    async def stop(self) -> None:
        await self._server.stop()

    async def _answer(self, request: Request) -> Response:
        if "origin" in request.headers:
            return Response(403, b"web pages may not switch faults\n")
        root, _, name = request.path.strip("/").partition("/")
        if root != "faults":
            return Response(404, b"try GET /faults\n")
        if name and name not in set(Fault):
            return Response(404, f"no fault {name[:40]!r}; there are {', '.join(Fault)}\n".encode())
        match request.method, name:
            case "GET", "":
                pass
            case "POST", name if name:
                await self._shop.inject(Fault(name))
            case "DELETE", _:
                await self._shop.heal(Fault(name) if name else None)
            case _:
                return Response(405, b"GET /faults, POST /faults/NAME, DELETE /faults/NAME, DELETE /faults\n")
        return Response(200, self._state(), "application/json")

    def _state(self) -> bytes:
        active = self._shop.faults
        faults = [{"name": fault, "active": fault in active, "effect": notes.effect} for fault, notes in FAULTS.items()]
        return json.dumps({"faults": faults}).encode() + b"\n"
