"""Who sees the page: a program by its token, a person by having logged in with one."""

from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.security.gatekeeper import Gatekeeper, Refusal
from server.security.roles import Role
from server.security.sessions import Sessions

# Probes have no token, and the login page has its looks.
_OPEN = frozenset({"/healthz", "/readyz", "/login"})
_OPEN_BELOW = "/static/"


def session_cookie(*, secure: bool) -> str:
    """Its name. With TLS one that a browser takes from this host alone, and only with all its restrictions."""
    return "__Host-hypocenter" if secure else "hypocenter_session"


class Gate:
    """Wraps the application of the page; stands behind the shield."""

    def __init__(self, app: ASGIApp, gatekeeper: Gatekeeper, sessions: Sessions, *, secure: bool) -> None:
        self._app = app
        self._gatekeeper = gatekeeper
        self._sessions = sessions
        self._cookie = session_cookie(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(Request(scope)) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, request: Request) -> Response | None:
        path: str = request.scope["path"]
        if path in _OPEN or path.startswith(_OPEN_BELOW):
            return None
        authorization = Headers(scope=request.scope).getlist("authorization")
        if not authorization:
            if self._logged_in(request):
                return None
            if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
                query: bytes = request.scope["query_string"]
                wanted = path + ("?" + query.decode("latin-1") if query else "")
                return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
        refusal = self._gatekeeper.refusal(authorization, Role.READ)
        return _answer(refusal) if refusal else None

    def _logged_in(self, request: Request) -> bool:
        session_id = request.cookies.get(self._cookie, "")
        session = self._sessions.find(session_id) if session_id else None
        if session is None:
            return False
        if self._gatekeeper.allows(session.token_digest, Role.READ):
            return True
        # Its token is gone from the file, or has lost the role.
        self._sessions.close(session_id)
        return False


def _answer(refusal: Refusal) -> Response:
    if refusal.known:
        return PlainTextResponse(f"{refusal.message}\n", 403)
    return PlainTextResponse(f"{refusal.message}\n", 401, {"WWW-Authenticate": "Bearer"})
