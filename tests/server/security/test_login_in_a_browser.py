"""Logging in and out in a real browser, whose own rules about cookies and forms hold."""

from collections.abc import Iterator

import pytest

from tests.running_server import RunningServer
from tests.server.security.conftest import READ, WRONG
from tests.server.web.browser import Browser, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_in_and_out(with_tokens: RunningServer, browser: Browser) -> None:
    browser.open(f"http://{with_tokens.web_http}/?page=1")
    browser.wait_for("location.pathname == '/login'")
    _enter(browser, WRONG)
    browser.wait_for("document.querySelector('[role=alert]')?.textContent.includes('not known')")
    _enter(browser, READ)
    browser.wait_for("location.pathname + location.search == '/?page=1'")
    browser.wait_for("document.getElementById('live')?.textContent == 'live'")
    assert browser.value("document.cookie") == ""
    assert browser.value("fetch('/status').then((answer) => answer.status)") == 200
    browser.open(f"http://{with_tokens.web_http}/logout")
    browser.value("document.querySelector('form button').click()")
    browser.wait_for("location.pathname == '/login'")
    assert browser.value("fetch('/status').then((answer) => answer.status)") == 401
    # It says itself that there were answers of 401, which is meant; a broken policy would not be.
    assert [line for line in browser.console if '"level": "error"' in line and "401" not in line] == []


def _enter(browser: Browser, token: str) -> None:
    browser.wait_for("document.getElementById('token') != null")
    browser.value(f"document.getElementById('token').value = '{token}'")
    browser.value("document.querySelector('form button').click()")
