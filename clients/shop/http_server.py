"""A small HTTP server on a loopback port: every pod is one, and so is the control endpoint."""

import asyncio
from collections.abc import Awaitable, Callable

from clients.shop.http_message import BadMessageError, Request, Response, read_request

Answer = Callable[[Request], Awaitable[Response]]

HOST = "127.0.0.1"
_DRAIN_SECONDS = 5.0


class HttpServer:
    """Answers requests over kept-alive connections, one at a time each."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._busy = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port. Only after start."""
        if self._server is None:
            raise RuntimeError("the server has not been started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def start(self, port: int = 0) -> None:
        """Listens on the port; 0 takes a free one. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, HOST, port)

    async def stop(self) -> None:
        """Takes no new connections, lets what is being answered finish (for at most 5 s), then hangs up."""
        if self._server is None:
            return
        self._server.close()
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._quiet.wait()
        except TimeoutError:
            pass  # whoever still waits for an answer sees the connection close
        # Closing the transport ends the connection's task by itself; cancelling it would be reported as an error.
        for writer in list(self._connections):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while (request := await read_request(reader)) is not None:
                self._busy += 1
                self._quiet.clear()
                try:
                    response = await self._answer(request)
                    writer.write(response.encode())
                    await writer.drain()
                finally:
                    self._busy -= 1
                    if self._busy == 0:
                        self._quiet.set()
        except BadMessageError as error:
            writer.write(Response(400, str(error).encode()).encode())
        except ConnectionError:
            pass  # the caller hung up
        finally:
            self._connections.discard(writer)
            writer.close()
