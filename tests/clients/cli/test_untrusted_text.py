"""What stands in a log can't move the cursor, colour the screen, or pose as markup."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import incident_pb2, log_pb2, root_cause_pb2, root_cause_service_pb2
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from typer.testing import Result

from clients.cli.terminal import age, safe

Run = Callable[..., Result]
# Clear screen, set the title, C1 CSI, backspaces, carriage return, right-to-left override, bell, rich markup.
HOSTILE = "[red]hi[/red] [/] \x1b[2J\x1b]0;owned\x07 \x9b31m abc\x08\x08\x08 ok\rno \u202egnp.exe \u2028 :boom:"


@given(st.text())
def test_safe_text_holds_nothing_a_terminal_acts_upon(text: str) -> None:
    assert not [c for c in safe(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


def test_plain_text_in_any_script_stays_as_it_is() -> None:
    text = "连接池 timeout, naïve → ок ✓ [brackets]"
    assert safe(text) == text


def test_long_text_is_cut_and_says_so() -> None:
    assert safe("x" * 2010) == "x" * 2000 + "… (10 more)"


@pytest.mark.parametrize(
    "command", [["incidents", "list"], ["incidents", "show", "a"], ["logs", "search"], ["ask", "x"]]
)
def test_hostile_text_is_shown_and_not_obeyed(server: RememberingServer, run: Run, command: list[str]) -> None:
    cause = root_cause_pb2.RootCause(service_name=HOSTILE, hypothesis=HOSTILE, propagation_path=[HOSTILE, "b"])
    cause.evidence.add(signal="s", description=HOSTILE)
    diagnosis = root_cause_pb2.Diagnosis(root_causes=[cause], summary=HOSTILE)
    diagnosis.similar_incidents.add(title=HOSTILE, resolution=HOSTILE)
    diagnosis.ruled_out.add(service_name=HOSTILE, reason=HOSTILE)
    server.put(incident_pb2.Incident(name="incidents/a", title=HOSTILE, diagnosis=diagnosis))
    server.entries = [log_pb2.LogEntry(service_name="cart", record=LogRecord(body=AnyValue(string_value=HOSTILE)))]
    server.answer = [root_cause_service_pb2.AnswerQuestionResponse(text=HOSTILE)]
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", result.stdout)
    # What was written is there, markup and emoji names included; folded in the list, whose columns are narrow.
    assert "[red]hi[/red]" in result.stdout
    if command != ["incidents", "list"]:
        assert r"\x1b[2J\x1b]0;owned\x07 \x9b31m abc\x08\x08\x08 ok\rno \u202egnp.exe \u2028 :boom:" in result.stdout


def test_an_error_message_of_the_server_is_safe_too(run: Run) -> None:
    result = run("incidents", "show", "\x1b[2J")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr
    assert "NOT_FOUND" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "now"), (5, "5s ago"), (840, "14m ago"), (7300, "2h ago"), (90000, "1d ago"), (-90, "in 1m")],
)
def test_ages_are_in_the_largest_unit(seconds: int, expected: str) -> None:
    now = 1_700_000_000_000_000_000
    assert age(now - seconds * 10**9, now) == expected
