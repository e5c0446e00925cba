"""Logging in with a token, and out."""

import asyncio
import hashlib
import hmac
import math
import re
import secrets
from urllib.parse import parse_qs

import jinja2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from server.security.attempts import Attempts
from server.security.gatekeeper import Gatekeeper, Reason
from server.security.roles import Role
from server.security.sessions import LIFETIME, Sessions
from server.security.tokens import digest_of
from server.web.gate import session_cookie

_MOST_BYTES = 8192
# Seconds for a form to come in.
_PATIENCE = 10.0
# Of the cookie that ties the form to the browser it was shown in, in seconds.
_FORM_LIFETIME = 3600
# A path of this server; two slashes, or a backslash, would lead elsewhere.
_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9._~/?=&%:@!$'()*+,;-]*")


class Login:
    """Coroutines, all of them: sessions and attempts live in the event loop."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        sessions: Sessions,
        attempts: Attempts,
        templates: jinja2.Environment,
        *,
        secure: bool,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._sessions = sessions
        self._attempts = attempts
        self._templates = templates
        self._secure = secure
        self._cookie = session_cookie(secure=secure)
        self._form_cookie = f"{self._cookie}-form"
        self._secret = secrets.token_bytes(32)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/login", self.form),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.ask),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        return self._form(request, _path(request.query_params.get("next", "")))

    async def enter(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        form = await _form_of(request)
        wanted = _path(form.get("next", ""))
        wait = self._attempts.wait(address)
        if wait:
            self._gatekeeper.refuse(Reason.RATE, "")
            trouble = "Too many failed attempts. Wait a little, then try again."
            return self._form(request, wanted, 429, trouble, {"Retry-After": str(math.ceil(wait))})
        if not self._genuine("form", request.cookies.get(self._form_cookie, ""), form.get("csrf", "")):
            self._gatekeeper.refuse(Reason.FORGED, "")
            return self._form(request, wanted, 403, "That form was not from this page, or too old. Try again.")
        digest = digest_of(form.get("token", "").strip())
        refusal = self._gatekeeper.refusal_of(digest, Role.READ)
        if refusal is not None:
            self._attempts.fail(address)
            trouble = "This token may not read." if refusal.known else "This token is not known here."
            return self._form(request, wanted, 403 if refusal.known else 401, trouble)
        answer = RedirectResponse(wanted, 303)
        self._set(answer, self._cookie, self._sessions.open(digest), LIFETIME)
        self._set(answer, self._form_cookie, "", 0)
        return answer

    async def ask(self, request: Request) -> Response:
        """A page with the button: a link alone would let other sites log people out."""
        page = self._templates.get_template("logout.html")
        csrf = self._csrf("session", request.cookies.get(self._cookie, ""))
        return HTMLResponse(page.render(status=None, csrf=csrf))

    async def leave(self, request: Request) -> Response:
        session_id = request.cookies.get(self._cookie, "")
        form = await _form_of(request)
        if not self._genuine("session", session_id, form.get("csrf", "")):
            self._gatekeeper.refuse(Reason.FORGED, "")
            page = self._templates.get_template("logout.html")
            return HTMLResponse(page.render(status=None, csrf=self._csrf("session", session_id)), 403)
        self._sessions.close(session_id)
        answer = RedirectResponse("/login", 303)
        self._set(answer, self._cookie, "", 0)
        return answer

    def _form(
        self, request: Request, wanted: str, code: int = 200, trouble: str = "", headers: dict[str, str] | None = None
    ) -> Response:
        # The one it has stays good, for a form that is open in another tab.
        known = request.cookies.get(self._form_cookie, "")
        visit = known if re.fullmatch(r"[0-9a-f]{32}", known) else secrets.token_hex(16)
        page = self._templates.get_template("login.html")
        text = page.render(status=None, csrf=self._csrf("form", visit), wanted=wanted, trouble=trouble)
        answer = HTMLResponse(text, code, headers)
        self._set(answer, self._form_cookie, visit, _FORM_LIFETIME)
        return answer

    def _set(self, answer: Response, name: str, value: str, lifetime: int) -> None:
        answer.set_cookie(name, value, max_age=lifetime, secure=self._secure, httponly=True, samesite="strict")

    def _csrf(self, purpose: str, value: str) -> str:
        return hmac.digest(self._secret, f"{purpose}:{value}".encode(), hashlib.sha256).hex()

    def _genuine(self, purpose: str, value: str, given: str) -> bool:
        expected = self._csrf(purpose, value)
        return bool(value) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _path(text: str) -> str:
    return text if _PATH.fullmatch(text) else "/"


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form, the last of each name; none of what is no form, is too large for ours, or does not come."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MOST_BYTES:
                    return {}
    except (ClientDisconnect, TimeoutError):
        return {}
    try:
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}
