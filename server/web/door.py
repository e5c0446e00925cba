"""The web server: one thread of its own with an event loop in it."""

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from server.api.backend import Backend
from server.security.attempts import Attempts
from server.security.guards import UNGUARDED, DoorGuard
from server.security.sessions import Sessions
from server.web.address import HostNames, join, listen, split
from server.web.events import Events
from server.web.gate import Gate
from server.web.login import Login
from server.web.pages import TROUBLES, Pages
from server.web.probes import Probes
from server.web.pulse import Pulse
from server.web.rendering import environment
from server.web.shield import Shield
from server.web.status import StatusView

# Open connections; more are answered 503.
_MOST_CONNECTIONS = 256
# How long `start` and `stop` wait for the thread, in seconds.
_PATIENCE = 10.0


class WebDoor:
    """`status` and `ready` are called from several threads and should be quick.

    `address` is HOST:PORT, port 0 picks a free one. Answers only to loopback names, the bound host and `allowed_hosts`.
    """

    def __init__(
        self,
        backend: Backend,
        status: Callable[[], StatusView],
        ready: Callable[[], bool],
        registry: CollectorRegistry,
        address: str,
        allowed_hosts: Sequence[str] = (),
        guard: DoorGuard = UNGUARDED,
    ) -> None:
        self._address = address
        self._pulse = Pulse(backend.feed)
        tls, gatekeeper, sessions = guard.tls, guard.gatekeeper, Sessions()
        templates = environment(login=gatekeeper is not None)
        pages = Pages(backend, status, self._pulse, templates)
        login = Login(gatekeeper, sessions, Attempts(), templates, secure=tls is not None) if gatekeeper else None
        app: ASGIApp = Starlette(
            routes=[
                *pages.routes,
                *(login.routes if login else ()),
                *Events(self._pulse).routes,
                *Probes(status, ready, registry).routes,
                Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            ],
            exception_handlers=dict.fromkeys(TROUBLES, pages.trouble),
        )
        if gatekeeper:
            app = Gate(app, gatekeeper, sessions, secure=tls is not None)
        self._server = _Server(
            uvicorn.Config(
                Shield(app, HostNames(split(address)[0], allowed_hosts), forms=gatekeeper is not None),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_graceful_shutdown=2,
                ssl_context_factory=(lambda *_: tls.context) if tls is not None else None,
            )
        )
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen and answer; the bound "HOST:PORT". Call once. Raises `BindError`."""
        self._listener = listen(self._address)
        bound = self._listener.getsockname()
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="web-door", daemon=True)
        self._pulse.start()
        self._thread.start()
        self._server.up.wait(_PATIENCE)
        return join(bound[0], bound[1])

    def stop(self) -> None:
        """Ends open streams, lets answers finish for two seconds. Safe to call more than once and without `start`."""
        self._pulse.stop()
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            self._thread = None
        self._pulse.join()
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
