"""An HTTP client that keeps connections open, one pool per address."""

import asyncio
from dataclasses import dataclass

from clients.shop.http_message import BadMessageError, Request, Response, read_response

Address = tuple[str, int]


class UnreachableError(Exception):
    """No answer came: refused, cut off, or too slow."""


@dataclass(frozen=True, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()


class HttpClient:
    def __init__(self, timeout_seconds: float = 5.0) -> None:
        self._timeout_seconds = timeout_seconds
        self._idle: dict[Address, list[_Connection]] = {}

    async def send(self, address: Address, request: Request) -> Response:
        """Raises UnreachableError. Never sends a request twice."""
        connection: _Connection | None = None
        answered = False
        try:
            async with asyncio.timeout(self._timeout_seconds):
                connection = await self._connect(address)
                connection.writer.write(request.encode(f"{address[0]}:{address[1]}"))
                response = await read_response(connection.reader)
                answered = True
        except TimeoutError as error:
            raise UnreachableError(
                f"{address[0]}:{address[1]} did not answer within {self._timeout_seconds:g} s"
            ) from error
        except (OSError, BadMessageError) as error:
            raise UnreachableError(f"{address[0]}:{address[1]}: {error}") from error
        finally:
            if connection is not None and not answered:
                connection.writer.close()
        self._idle.setdefault(address, []).append(connection)
        return response

    async def _connect(self, address: Address) -> _Connection:
        pool = self._idle.get(address, [])
        while pool:
            connection = pool.pop()
            if connection.usable:
                return connection
            connection.writer.close()
        return _Connection(*await asyncio.open_connection(*address))

    async def close(self) -> None:
        """Hangs up every idle connection. The client can be used again afterwards."""
        connections = [connection for pool in self._idle.values() for connection in pool]
        self._idle.clear()
        for connection in connections:
            connection.writer.close()
        await asyncio.gather(*(c.writer.wait_closed() for c in connections), return_exceptions=True)
