"""One running instance of a service: a server, its telemetry, and the frame around every handler."""

import asyncio
from collections.abc import Callable
from random import Random

from opentelemetry.trace import SpanKind

from clients.shop.directory import Directory
from clients.shop.emitted import Ledger
from clients.shop.faults import FaultBoard
from clients.shop.http_client import Address, HttpClient
from clients.shop.http_message import Request, Response
from clients.shop.http_server import HttpServer
from clients.shop.order_queue import OrderQueue
from clients.shop.peers import Peers
from clients.shop.service import RequestError, Service, Site
from clients.shop.telemetry import Destination, PodIdentity, Telemetry, extract_context, fail

Program = Callable[[Site], Service]


class Pod:
    def __init__(
        self,
        identity: PodIdentity,
        program: Program,
        *,
        destination: Destination,
        ledger: Ledger,
        directory: Directory,
        faults: FaultBoard,
        orders: OrderQueue,
        random: Random,
    ) -> None:
        self.identity = identity
        self._telemetry = Telemetry(identity, destination, ledger)
        self._http = HttpClient()
        peers = Peers(identity.service, self._telemetry, directory, self._http, faults)
        self._service = program(Site(identity.version, self._telemetry, peers, faults, orders, random))
        self._routes = self._service.routes()
        self._server = HttpServer(self._answer)
        self._worker: asyncio.Task[None] | None = None

    @property
    def address(self) -> Address:
        return self._server.address

    async def start(self) -> None:
        await self._server.start()
        self._telemetry.info(f"{self.identity.service} {self.identity.version} started")
        self._worker = asyncio.create_task(self._service.work())

    async def stop(self) -> None:
        """Finishes what is under way, then sends the telemetry still held."""
        await self._server.stop()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        await self._http.close()
        self._telemetry.info(f"{self.identity.service} {self.identity.version} stopped")
        await self._telemetry.shutdown()

    async def _answer(self, request: Request) -> Response:
        for route in self._routes:
            argument = route.argument(request)
            if argument is not None:
                break
        else:
            return Response(404, b"no such route")
        attributes = {
            "http.request.method": request.method,
            "http.route": route.pattern,
            "url.path": request.path,
            "url.scheme": "http",
            "server.address": self.identity.service,
        }
        name = f"{request.method} {route.pattern}"
        parent = extract_context(request.headers)
        with self._telemetry.span(name, SpanKind.SERVER, attributes, parent=parent) as span:
            call = Request(request.method, request.path, request.headers, request.body, argument)
            try:
                response = await route.handler(call)
            except RequestError as error:
                self._telemetry.error(f"{name} failed: {error}", error)
                fail(span, type(error).__name__)
                response = Response(error.status, str(error).encode())
            span.set_attribute("http.response.status_code", response.status)
        return response
