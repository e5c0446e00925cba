"""An ASGI application on a port: one thread of its own with an event loop in it."""

import socket
import ssl
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from server.http_connection import HttpConfig
from server.listening import listen

# How long `start` waits for the thread, and `stop` beyond the grace, in seconds.
_PATIENCE = 10.0


class HttpServer:
    """`key` is the configuration key of the address, for messages; `keep_alive` and `head_wait` are in seconds.

    A request whose head does not come within `head_wait` is given up: `unread` is called in the server's thread.
    With `most_connections`, what comes beyond them is answered 503.
    """

    def __init__(
        self,
        app: ASGIApp,
        address: str,
        key: str,
        *,
        keep_alive: int = 5,
        head_wait: float = 10.0,
        unread: Callable[[], object] = lambda: None,
        most_connections: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._key = key
        self._server = _Server(
            HttpConfig(
                app,
                head_wait=head_wait,
                unread=unread,
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=keep_alive,
                limit_concurrency=most_connections,
                ssl_context_factory=(lambda *_: tls) if tls is not None else None,
            )
        )
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen and answer; HOST:PORT as bound. Call once. Raises `AddressError`."""
        self._listener = listen(self._address, self._key)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name=self._key, daemon=True)
        self._thread.start()
        self._server.up.wait(_PATIENCE)
        return f"{self._address.rpartition(':')[0]}:{self._listener.getsockname()[1]}"

    def stop(self, grace: float) -> None:
        """Requests under way have `grace` seconds. Safe to call more than once and without `start`."""
        self._server.config.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(grace + _PATIENCE)
            self._thread = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class _Server(uvicorn.Server):
    """Says when it listens. Signal handlers stay as they are: it never runs in the main thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()
