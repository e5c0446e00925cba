"""Who sees the page: programs by their token, people by having logged in."""

import re
import socket
from pathlib import Path

import pytest

from tests.running_server import RunningServer, wait_until
from tests.server.security.conftest import INGEST, OPERATE, READ, WRONG, write_tokens
from tests.server.security.page import HTML, Page

COOKIE, FORM_COOKIE = "hypocenter_session", "hypocenter_session-form"
CLOSED = (
    "/",
    "/incidents/a",
    "/events",
    "/metrics",
    "/status",
    "/logout",
    "/nothing",
    "//metrics",
    "/static",
    "/LOGIN",
)


@pytest.fixture
def page(with_tokens: RunningServer) -> Page:
    return Page(with_tokens.web_http)


def told(server: RunningServer, reason: str) -> float:
    reader = Page(server.web_http, {"Authorization": f"Bearer {READ}"})
    return reader.metric("hypocenter_refused_credentials_total", door="web.http", reason=reason)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/page.css"])
def test_what_is_open(page: Page, path: str) -> None:
    assert page.ask(path).code == 200


@pytest.mark.parametrize("path", CLOSED)
def test_what_is_not(page: Page, path: str) -> None:
    answer = page.ask(path)
    assert (answer.code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Security-Policy"]
    assert page.ask(path, {"Authorization": f"Bearer {WRONG}"}).code == 401
    assert page.ask(path, {"Authorization": f"Bearer {WRONG}", **HTML}).code == 401
    assert page.ask(path, {"Authorization": f"Bearer {INGEST}"}).code == 403


def test_paths_that_only_look_open(page: Page) -> None:
    for path in ("/static/../metrics", "/static/%2e%2e/metrics", "/healthz/../metrics", "/login/../status"):
        answer = page.ask(path)
        assert answer.code in (401, 404), path
        assert "hypocenter_" not in answer.text


@pytest.mark.parametrize("token", [READ, OPERATE])
def test_programs_send_their_token(page: Page, token: str) -> None:
    for path in ("/", "/metrics", "/status"):
        assert page.ask(path, {"Authorization": f"Bearer {token}"}).code == 200


def test_people_are_sent_to_log_in_and_back(page: Page) -> None:
    answer = page.ask("/incidents/a?x=1&y=2", HTML)
    assert (answer.code, answer.headers["Location"]) == (303, "/login?next=%2Fincidents%2Fa%3Fx%3D1%26y%3D2")
    form = page.ask(answer.headers["Location"])
    assert 'name="next" value="/incidents/a?x=1&amp;y=2"' in form.text
    entered = page.log_in(READ, "/incidents/a?x=1&y=2")
    assert (entered.code, entered.headers["Location"]) == (303, "/incidents/a?x=1&y=2")
    assert page.ask("/", HTML).code == 200
    assert 'href="/logout"' in page.ask("/", HTML).text
    assert page.ask("/status").code == page.ask("/metrics").code == 200


def test_the_cookie_is_strict(page: Page) -> None:
    cookie = page.log_in(READ).cookies[COOKIE]
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"], cookie["secure"]) == ("strict", "/", "")
    assert 0 < int(cookie["max-age"]) <= 12 * 3600
    assert len(cookie.value) >= 40
    assert READ not in cookie.OutputString()
    assert page.log_in(READ).cookies[COOKIE].value != cookie.value


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/a\r\nX: y",
        "/\t/evil.example",
        "/\u4e2d",
    ],
)
def test_logging_in_leads_nowhere_else(page: Page, wanted: str) -> None:
    assert page.log_in(READ, wanted).headers["Location"] == "/"


def test_a_form_from_elsewhere_does_not_log_in(page: Page, with_tokens: RunningServer) -> None:
    forged = told(with_tokens, "forged")
    csrf = page.ask("/login").csrf
    other = Page(with_tokens.web_http)
    other.ask("/login")
    stranger = Page(with_tokens.web_http)
    for visitor, given in ((other, csrf), (stranger, csrf), (page, ""), (page, "\u4e2d"), (page, csrf[:-1] + "g")):
        answer = visitor.ask("/login", form={"token": READ, "csrf": given})
        assert (answer.code, COOKIE in answer.cookies) == (403, False)
    assert page.ask("/login", {"Content-Type": "text/plain"}, {"token": READ, "csrf": csrf}).code == 403
    assert page.ask("/login", form={"token": READ, "csrf": csrf, "more": "x" * 10_000}).code == 403
    assert told(with_tokens, "forged") == forged + 7
    assert page.ask("/login", form={"token": READ, "csrf": csrf}).code == 303


def test_logging_out_ends_the_session_and_needs_its_own_form(page: Page) -> None:
    page.log_in(OPERATE)
    session = page.cookies[COOKIE]
    for csrf in ("", page.ask("/login").csrf):
        assert page.ask("/logout", form={"csrf": csrf}).code == 403
    assert page.ask("/").code == 200
    answer = page.ask("/logout", form={"csrf": page.ask("/logout").csrf})
    assert (answer.code, answer.headers["Location"]) == (303, "/login")
    assert COOKIE not in page.cookies
    page.cookies[COOKIE] = session
    assert page.ask("/").code == 401


def test_a_session_that_was_made_up(page: Page) -> None:
    for made_up in ("", "a" * 43, READ, '"'):
        page.cookies[COOKIE] = made_up
        assert page.ask("/").code == 401


def test_the_form_may_be_sent_here_and_nowhere_else(page: Page) -> None:
    policy = page.ask("/login").headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "script-src 'self'" in policy


def test_names_that_were_allowed(page: Page) -> None:
    for host, code in (("hypocenter.example", 200), ("other.example:80", 200), ("evil.example", 421)):
        assert page.ask("/login", {"Host": host}).code == code


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    """On a server of its own: everybody here comes from one address."""
    tokens = write_tokens(tmp_path / "tokens")
    server = RunningServer(tmp_path, {"HYPOCENTER_STORE__KIND": "memory", "HYPOCENTER_WEB__TOKENS_FILE": str(tokens)})
    try:
        page = Page(server.web_http)
        assert page.log_in(INGEST).code == 403
        assert [page.log_in(WRONG).code for _ in range(6)] == [401, 401, 401, 401, 429, 429]
        answer = page.log_in(READ)
        assert (answer.code, COOKIE in answer.cookies) == (429, False)
        assert 1 <= int(answer.headers["Retry-After"]) <= 13
        reader = Page(server.web_http, {"Authorization": f"Bearer {READ}"})
        assert reader.metric("hypocenter_refused_credentials_total", door="web.http", reason="rate") == 3
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert WRONG not in server.stderr


def test_a_token_taken_away_ends_its_sessions(tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    server = RunningServer(tmp_path, {"HYPOCENTER_STORE__KIND": "memory", "HYPOCENTER_WEB__TOKENS_FILE": str(tokens)})
    try:
        reader, operator = Page(server.web_http), Page(server.web_http)
        reader.log_in(READ)
        operator.log_in(OPERATE)
        assert reader.ask("/").code == operator.ask("/").code == 200
        tokens.write_text(f"operate {OPERATE}\n")
        wait_until(lambda: reader.ask("/").code == 401, 10, lambda: "still let in")
        assert operator.ask("/").code == 200
        tokens.write_text(f"operate {OPERATE}\nread {READ}\n")
        program = {"Authorization": f"Bearer {READ}"}
        wait_until(lambda: Page(server.web_http).ask("/", program).code == 200, 10, lambda: "not let in")
        # The session it had is not brought back.
        assert reader.ask("/").code == 401
        assert reader.log_in(READ).code == 303
        tokens.write_text("nonsense\n")
        # It is read when somebody asks.
        wait_until(
            lambda: operator.ask("/").code == 200 and "line 1 must be ROLE TOKEN" in server.stderr,
            10,
            lambda: server.stderr,
        )
        assert operator.metric("hypocenter_token_file_failures_total") == 1
        assert server.stop() == 0
    finally:
        if server.running:
            server.kill()
    assert re.search(r"web\.tokens_file: read anew, 1 tokens", server.stderr)
    assert READ not in server.stderr


def test_half_a_form(with_tokens: RunningServer) -> None:
    """Somebody hangs up in the middle of it."""
    host, port = with_tokens.web_http.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100\r\n\r\ntoken="
        )
    assert Page(with_tokens.web_http).ask("/login").code == 200
