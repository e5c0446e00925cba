"""The equation is printed, and an imbalance is an exit code."""

import json
import re
from collections.abc import Callable
from typing import Protocol

import pytest
from typer.testing import Result

Run = Callable[..., Result]


class Page(Protocol):
    """The web port of the fixture."""

    url: str
    body: bytes
    code: int

    def set(self, document: object) -> None: ...


BALANCED = {
    "received": 100,
    "counted": 80,
    "rejected": 5,
    "duplicate": 4,
    "dropped": {"too_old": 1, "buffer_full": 2},
    "pending": 8,
}


def test_an_account_that_balances_is_zero(run: Run, status_page: Page) -> None:
    status_page.set({"signals": {"logs": BALANCED, "spans": BALANCED}, "version": "1"})
    result = run("status", "--web", status_page.url)
    assert result.exit_code == 0, result.output
    assert len(re.findall(r"100 +=  *80 +\+ 5 +\+ 4 +\+ 3 +\+ 8 +holds", result.stdout)) == 2
    assert "logs dropped: buffer_full 2, too_old 1" in result.stdout
    document = json.loads(run("status", "--web", status_page.url, "--json").stdout)
    assert document["holds"] is True
    assert document["signals"]["logs"] == BALANCED | {"signal": "logs", "difference": 0, "holds": True}


def test_a_backlog_is_told(run: Run, status_page: Page) -> None:
    status_page.set({"logs": BALANCED, "catching_up": True, "behind_seconds": 312.4})
    result = run("status", "--web", status_page.url)
    assert result.exit_code == 0, result.output
    assert "catching up with a backlog: what is judged is 312 s behind" in result.stdout
    document = json.loads(run("status", "--web", status_page.url, "--json").stdout)
    assert (document["catching_up"], document["behind_seconds"]) == (True, 312.4)
    status_page.set({"logs": BALANCED, "catching_up": False, "behind_seconds": 0.0})
    assert "catching up" not in run("status", "--web", status_page.url).stdout
    document = json.loads(run("status", "--web", status_page.url, "--json").stdout)
    assert (document["catching_up"], document["behind_seconds"]) == (False, 0.0)


def test_the_signals_may_stand_at_the_top(run: Run, status_page: Page) -> None:
    status_page.set({"logs": BALANCED, "up": True})
    assert run("status", "--web", status_page.url).exit_code == 0


@pytest.mark.parametrize(("change", "verdict"), [(3, "does not hold: 3 missing"), (-2, "does not hold: 2 too many")])
def test_an_account_that_does_not_balance_is_one(run: Run, status_page: Page, change: int, verdict: str) -> None:
    status_page.set({"logs": BALANCED, "spans": BALANCED | {"received": 100 + change}})
    result = run("status", "--web", status_page.url)
    assert result.exit_code == 1
    assert verdict in result.stdout
    broken = run("status", "--web", status_page.url, "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["signals"]["spans"]["difference"] == change


def test_a_web_port_that_is_absent_or_another_is_told(run: Run, status_page: Page, nowhere: str) -> None:
    absent = run("status", "--web", f"http://{nowhere}")
    assert absent.exit_code == 3
    assert "nothing answers at" in absent.stderr
    for body in (b"<html>", b"[]", b"{}", b'{"logs": {"received": 1}}'):
        status_page.body = body
        other = run("status", "--web", status_page.url)
        assert (other.exit_code, len(other.stderr.splitlines())) == (1, 1)
    status_page.code = 500
    assert "answered 500" in run("status", "--web", status_page.url).stderr
    assert run("status", "--web", "file:///etc/passwd").exit_code == 2
