"""Asks every request of an HTTP port for its token."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.security.gatekeeper import Gatekeeper, Refusal
from server.security.roles import Role


class HttpGuard:
    """Wraps an application; nothing of a body is read before. `refuse` words the answer."""

    def __init__(
        self, app: ASGIApp, gatekeeper: Gatekeeper, needed: Role, refuse: Callable[[Request, Refusal], Response]
    ) -> None:
        self._app = app
        self._gatekeeper = gatekeeper
        self._needed = needed
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._gatekeeper.refusal(Headers(scope=scope).getlist("authorization"), self._needed)
            if refusal is not None:
                await self._refuse(Request(scope), refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)
