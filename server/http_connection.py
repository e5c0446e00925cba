"""One HTTP/1.1 connection whose requests have a limited time to say what they want."""

import asyncio
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class HttpConfig(uvicorn.Config):
    """With what `HttpConnection` needs to know; `head_wait` is in seconds."""

    def __init__(self, app: ASGIApp, *, head_wait: float, unread: Callable[[], object], **settings: Any) -> None:
        super().__init__(app, http=HttpConnection, **settings)
        self.head_wait = head_wait
        self.unread = unread


class HttpConnection(H11Protocol):
    """uvicorn waits without end for the head of a request, at the cost of a file descriptor. Here the connection is
    closed without an answer when the head has not come within `head_wait` of the connection or of its own first byte.
    Between two requests the keep-alive holds as ever, and before that a TLS handshake has asyncio's 60 s."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, HttpConfig)
        self._head_wait = config.head_wait
        self._unread = config.unread
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._head_timer is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._head_wait, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        # Browsers and pools open connections ahead of need: those are closed, but nothing was lost with them.
        if self.conn.trailing_data[0]:
            self._unread()
        # Not `close`, which waits for whoever does not read what was answered before.
        self.transport.abort()
