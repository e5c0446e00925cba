"""The demo from the outside, against a program that stands in for the server."""

import os
import re
import signal
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from clients.demo import DemoOptions, run_demo
from clients.demo.ports import choose_ports

REPOSITORY = Path(__file__).resolve().parents[3]


def _options(behaviour: str, data_dir: Path, *, once: bool = True, wait_seconds: float = 10.0) -> DemoOptions:
    return DemoOptions(
        once=once,
        normal_seconds=1.0,
        wait_seconds=wait_seconds,
        data_dir=data_dir,
        server_command=(sys.executable, "-m", "tests.clients.shop.fake_serve", behaviour),
    )


def _run(options: DemoOptions) -> tuple[int, str]:
    out = StringIO()
    code = run_demo(options, Console(file=out, width=200))
    return code, out.getvalue()


@pytest.fixture(autouse=True)
def _fake_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


def _server_is_gone(data_dir: Path) -> bool:
    try:
        os.kill(int((data_dir / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_once_shows_the_incident_and_ends(tmp_path: Path) -> None:
    code, text = _run(_options("finds", tmp_path))
    assert code == 0
    story = [
        "Hypocenter listens",
        "learning what is normal",
        "Now the fault leaf-exception",
        "waiting for the incident",
        "HIGH",
        "Root cause",
        "payment → checkout → gateway",
        "The fault was put into payment; named was payment, and that is right.",
        "Closing",
    ]
    places = [text.index(part) for part in story]
    assert places == sorted(places)
    assert text.count("payment fails on most charges") == 1
    assert "an older story" not in text, "what was there before the demo is none of its news"
    assert re.search(r"http://127.0.0.1:\d+/incidents/abc\n", text)
    assert " received" in text
    assert "? received" not in text
    assert "\x1b" not in text
    assert _server_is_gone(tmp_path)


def test_once_without_an_incident_fails_and_says_so(tmp_path: Path) -> None:
    code, text = _run(_options("blind", tmp_path, wait_seconds=1.0))
    assert code == 1
    assert "No incident opened within 1 s of the fault leaf-exception" in text
    assert _server_is_gone(tmp_path)


def test_a_server_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    code, text = _run(_options("broken", tmp_path))
    assert code == 1
    assert "ended with code 3 before it was ready" in text
    assert "did you mean window.duration?" in text


def test_a_server_that_dies_is_quoted(tmp_path: Path) -> None:
    code, text = _run(_options("dies", tmp_path))
    assert code == 1
    assert "ended with code 4" in text
    assert "the disk is full" in text


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    code, text = _run(DemoOptions(once=True, data_dir=tmp_path, server_command=("/does/not/exist",)))
    assert code == 1
    assert "cannot run /does/not/exist" in text


PROGRAM = """
import sys
from pathlib import Path
from tests.clients.shop.test_demo import _options
from clients.demo import run_demo
sys.exit(run_demo(_options("finds", Path(sys.argv[1]), once=False)))
"""


@pytest.mark.parametrize(
    ("until", "number", "code"),
    [("End with Ctrl-C", signal.SIGINT, 0), ("The shop is open", signal.SIGTERM, 130)],
)
def test_a_signal_ends_everything(tmp_path: Path, until: str, number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = ""
        while until not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert "Traceback" not in out
    assert _server_is_gone(tmp_path)


def test_taken_ports_are_left_alone() -> None:
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        taken_port, free_port = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        chosen = choose_ports({"TAKEN": taken_port, "FREE": free_port})
    assert chosen == {"TAKEN": "127.0.0.1:0", "FREE": f"127.0.0.1:{free_port}"}
