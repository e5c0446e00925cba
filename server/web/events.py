"""The stream that tells open pages to look again (server-sent events)."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from server.web.pulse import Pulse


class Events:
    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    @property
    def routes(self) -> list[Route]:
        return [Route("/events", self.events)]

    async def events(self, request: Request) -> Response:
        """`change` when incidents changed after what the page knows, `tick` now and then; the data is the sequence."""
        # Another site can't read it, but it could use up the streams.
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise HTTPException(403)
        if self._pulse.full:
            raise HTTPException(503, headers={"Retry-After": "30"})
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return StreamingResponse(_text(self._pulse.beats(_seen(request))), media_type="text/event-stream")


def _seen(request: Request) -> int:
    """The sequence the page is up to date with: what it last heard, or what it was shown with."""
    for text in (request.headers.get("last-event-id", ""), request.query_params.get("after", "")):
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
    return -1


async def _text(beats: AsyncGenerator[tuple[int, bool]]) -> AsyncIterator[str]:
    async with contextlib.aclosing(beats):
        yield "retry: 3000\n\n"
        async for sequence, changed in beats:
            yield f"id: {sequence}\nevent: {'change' if changed else 'tick'}\ndata: {sequence}\n\n"
