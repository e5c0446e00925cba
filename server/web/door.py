"""The port of the page, of metrics and of probes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from server.api.backend import Backend
from server.http_server import HttpServer
from server.listening import split
from server.security.attempts import Attempts
from server.security.guards import UNGUARDED, DoorGuard
from server.security.sessions import Sessions
from server.web.events import Events
from server.web.gate import Gate
from server.web.host_names import HostNames
from server.web.login import Login
from server.web.pages import TROUBLES, Pages
from server.web.probes import Probes
from server.web.pulse import Pulse
from server.web.rendering import environment
from server.web.shield import Shield
from server.web.status import StatusView

# Open connections; more are answered 503.
_MOST_CONNECTIONS = 256
# For answers under way at the end, in seconds.
_GRACE = 2.0
_DOOR = "web.http"


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
        shielded = Shield(app, HostNames(split(address, _DOOR)[0], allowed_hosts), forms=gatekeeper is not None)
        self._server = HttpServer(
            shielded, address, _DOOR, most_connections=_MOST_CONNECTIONS, tls=tls.context if tls else None
        )

    def start(self) -> str:
        """Listen and answer; HOST:PORT as bound. Call once. Raises `AddressError`."""
        bound = self._server.start()
        self._pulse.start()
        return bound

    def stop(self) -> None:
        """Ends open streams, lets answers finish for two seconds. Safe to call more than once and without `start`."""
        self._pulse.stop()
        self._server.stop(_GRACE)
        self._pulse.join()
