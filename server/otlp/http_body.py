"""Bodies of requests on their way in: each bounded, all of them together bounded, none waited for without end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from server.errors import UnavailableError
from server.otlp.content_coding import too_large as too_large_message
from server.otlp.http_refusal import HttpRefusal, overloaded, too_large, unread

# Requests at a time, and how many bodies of the largest size.
_MOST_REQUESTS = 256
_MOST_LARGEST = 4
_RETRY_AFTER = 1.0
# The rest of the body will not be read, so what follows on this connection would not be a request.
_CLOSE = {"Connection": "close"}


class Bodies:
    """Lives in the event loop."""

    def __init__(self, limit: int, patience: float = 30.0) -> None:
        """`limit` is in bytes, `patience` in seconds; both for one body."""
        self._limit = limit
        self._patience = patience
        self._room = _MOST_LARGEST * limit
        self._requests = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """The body as it came, its room taken until the end of the block. Raises `HttpRefusal`."""
        if self._requests >= _MOST_REQUESTS:
            raise _busy("too many requests at a time")
        self._requests += 1
        chunks: list[bytes] = []
        taken = 0
        try:
            _check_declared(request, self._limit)
            try:
                async with asyncio.timeout(self._patience):
                    async for chunk in request.stream():
                        if taken + len(chunk) > self._limit:
                            raise too_large(too_large_message(self._limit))
                        if len(chunk) > self._room:
                            raise _busy("too many large requests at a time")
                        self._room -= len(chunk)
                        taken += len(chunk)
                        chunks.append(chunk)
            except TimeoutError as error:
                refusal = unread(_later(f"the body did not come within {self._patience:g} s"))
                refusal.headers.update(_CLOSE)
                raise refusal from error
            yield b"".join(chunks)
        finally:
            self._requests -= 1
            self._room += taken


def _check_declared(request: Request, limit: int) -> None:
    if int(request.headers.get("content-length", "0")) > limit:
        refusal = too_large(too_large_message(limit))
        if "expect" in request.headers:
            refusal.headers.update(_CLOSE)
        raise refusal


def _busy(reason: str) -> HttpRefusal:
    return overloaded(_later(reason))


def _later(reason: str) -> UnavailableError:
    return UnavailableError(f"{reason}; try again later", retry_after=_RETRY_AFTER)
