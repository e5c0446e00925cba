"""What stands before every page: who may ask, and what a browser may do with the answer."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web.host_names import HostNames

# Everything comes from this server, nothing stands in the page itself, and nobody frames it.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Shield:
    """Wraps the whole application, so that errors carry the headers too. `forms`: whether there are any to send."""

    def __init__(self, app: ASGIApp, names: HostNames, *, forms: bool = False) -> None:
        self._app = app
        self._names = names
        policy = "; ".join((*_POLICY, "form-action 'self'" if forms else "form-action 'none'"))
        self._headers = {"Content-Security-Policy": policy, **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self._app if self._names.accept(Headers(scope=scope).get("host", "")) else _MISDIRECTED
        await app(scope, receive, guarded)


_MISDIRECTED = PlainTextResponse(
    "This server does not answer to that name. Use its address, or add the name to the allowed hosts.\n", 421
)
