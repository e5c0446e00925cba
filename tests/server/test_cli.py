"""The `hypocenter` command: everything is there, and the half that only speaks over the wire starts at once."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from server.cli import main
from tests.running_server import REPOSITORY

COMMANDS = (
    *("serve", "eval", "analyze", "doctor", "backup", "restore", "forget", "demo", "conformance"),
    *("templates", "graph", "ask", "status", "replay", "incidents", "logs"),
)
HEAVY = ("lancedb", "pyarrow", "openai", "server.app", "analyzers", "rca", "networkx", "numpy")


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process."""

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


def imported(arguments: Sequence[str]) -> set[str]:
    """Modules that running the command loads."""
    program = f"""
import contextlib, io, json, sys
from server.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        main({list(arguments)!r})
print(json.dumps(sorted(sys.modules)))
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(finished.stdout))


def test_help_lists_everything(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    listed = {line.split()[1] for line in result.out.splitlines() if line.startswith("│ ") and len(line.split()) > 2}
    assert set(COMMANDS) <= listed


def test_no_command_is_a_question_for_help(run: Run) -> None:
    result = run()
    assert result.code in (0, 2)
    assert "serve" in result.out + result.err


def test_a_command_that_there_is_not(run: Run) -> None:
    result = run("exorcise")
    assert result.code == 2
    assert "exorcise" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("incidents", "list", "--address", "127.0.0.1:1"),
        ("status", "--web", "http://127.0.0.1:1"),
        ("incidents", "--help"),
    ],
    ids=" ".join,
)
def test_commands_for_a_running_server_do_not_load_the_engine(arguments: tuple[str, ...]) -> None:
    assert not imported(arguments) & set(HEAVY)


def test_the_engine_is_loaded_by_what_needs_it_and_lancedb_only_when_opened() -> None:
    """So the test above can fail."""
    found = imported(("serve", "--help"))
    assert {"server.app", "analyzers", "rca", "numpy"} <= found
    assert "lancedb" not in found


@pytest.mark.parametrize("level", ["loud", "INFO"])
def test_a_log_level_that_there_is_not(level: str, run: Run) -> None:
    result = run("serve", "--log-level", level)
    assert result.code == 2
