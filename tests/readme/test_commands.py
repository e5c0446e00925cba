"""Every `hypocenter` command shown is one, and those that are quick do what is said."""

import gzip
import os
import re
import shlex
import subprocess
import urllib.request
from pathlib import Path

import pytest
from hypocenter.v1.incident_pb2 import Incident

from server.cli import main
from tests.readme.conftest import OTHER, PROGRAM, Shown
from tests.readme.document import ENGLISH, Document

(INCIDENT,) = {word for line in Document(ENGLISH).commands for word in re.findall(r"\b[0-9a-f]{16}\b", line)}
COMMANDS = [line for line in Document(ENGLISH).commands if "hypocenter" in line]
ADDRESSES = ("HYPOCENTER_OTLP__GRPC", "HYPOCENTER_OTLP__HTTP", "HYPOCENTER_API__GRPC", "HYPOCENTER_WEB__HTTP")
# Take minutes, need recordings or serve for ever: only parsed here, run by the tests of their own.
LONG = ("serve", "replay", "eval", "conformance", "demo")
# About a data directory; run in an order of their own.
OPERATING = ("backup", "restore", "forget")


def words(command: str) -> list[str]:
    """Without the program."""
    program, *rest = shlex.split(command)
    assert program in ("hypocenter", ".venv/bin/hypocenter")
    return rest


def run(arguments: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command", COMMANDS)
def test_parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --help at its end a command is parsed, every option looked up, and not run."""
    with pytest.raises(SystemExit) as ended:
        main([*words(command), "--help"])
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    assert "Usage: hypocenter" in said.out


def test_commands_named_in_prose_parse(readme: Document, capsys: pytest.CaptureFixture[str]) -> None:
    named = {word for word in readme.code_words if word.startswith("hypocenter ")}
    assert named
    for command in sorted(named):
        with pytest.raises(SystemExit) as ended:
            main([*words(command), "--help"])
        assert ended.value.code == 0, f"{command}: {capsys.readouterr().err}"


def test_commands_answer_in_the_order_shown(
    shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other against a server that holds the incident of the printout."""
    (tmp_path / "payment.log").write_text("2026-11-20T10:00:00Z ERROR no space left on device\n")
    monkeypatch.chdir(tmp_path)
    # Doctor looks at what a server would take; here it must not be what this machine happens to use.
    free = {"HYPOCENTER_DATA_DIR": str(tmp_path / "data"), **dict.fromkeys(ADDRESSES, "127.0.0.1:0")}
    for name, value in {**shown.environment, **free, "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    said = {}
    for command in COMMANDS:
        arguments = words(command)
        if arguments[0] in (*LONG, *OPERATING):
            continue
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        assert ended.value.code == 0, f"{command}: {printed.out}{printed.err}"
        said[" ".join(arguments[:2]) if arguments[0] == "incidents" else arguments[0]] = printed.out

    for command in ("list", "show", "search", "watch"):
        assert INCIDENT in said[f"incidents {command}"] or OTHER in said[f"incidents {command}"], command
    (incident,) = [incident for incident in shown.server.incidents() if incident.name == f"incidents/{INCIDENT}"]
    assert incident.state == Incident.STATE_RESOLVED
    assert incident.resolution == "rolled payment back to the release before"
    assert "payment itself became slow" in said["incidents show"]
    assert "disk full" in said["analyze"]
    assert "checkout → payment" in said["graph"]
    assert "timeout after" in said["templates"]
    assert "timeout after 900 ms" in said["logs"]
    assert "holds" in said["status"]
    assert said["doctor"].count("ok ") >= 6


def test_operators_can_do_what_is_shown(shown: Shown, tmp_path: Path) -> None:
    """A backup of the running server, restored beside it; what is to be forgotten is forgotten there, so that the
    server stays as the other tests expect it."""
    commands = [arguments for command in COMMANDS if (arguments := words(command))[0] in OPERATING]
    assert [arguments[0] for arguments in commands] == ["backup", "restore", "forget", "forget", "forget"]
    said = []
    for arguments in commands:
        folder = tmp_path / "restored" if arguments[0] == "forget" else shown.server.data_dir
        ended = run(arguments, tmp_path, {"HYPOCENTER_DATA_DIR": str(folder)})
        assert ended.returncode == 0, f"{arguments}: {ended.stderr}"
        said.append(ended.stdout)

    backed_up, restored, service, trace, time = said
    received = "1 log records and 2 spans received"
    assert received in backed_up
    assert received in restored
    assert service.startswith("2 log records and spans out of")
    assert "1 baselines dropped, 2 incidents changed" in service
    assert trace.startswith("1 log records and spans out of")
    assert time.startswith("0 log records and spans out of")


def test_reading_commands_have_json(shown: Shown, tmp_path: Path) -> None:
    """In a process of its own, as installed."""
    answer = run(["incidents", "list", "--json"], tmp_path, shown.environment)
    assert answer.returncode == 0
    assert answer.stdout.lstrip().startswith("{")


def test_endpoints_answer(shown: Shown, readme: Document) -> None:
    (endpoints,) = [table for table in readme.tables if table.names[0] == "/"]
    assert endpoints.names == ["/", "/metrics", "/healthz", "/readyz", "/status"]
    for path in endpoints.names:
        # Raises unless the answer is 200.
        assert shown.server.get(path), path


def test_metrics_named_exist(shown: Shown, readme: Document) -> None:
    """Counters whose labels are not known beforehand have a type before they have a value."""
    named = {word for word in readme.code_words if word.startswith("hypocenter_")}
    assert len(named) > 10
    metrics = shown.server.get("/metrics")
    typed = set(re.findall(r"^# TYPE (\w+) ", metrics, re.MULTILINE))
    samples = set(re.findall(r"^(\w+(?:\{.*\})?) ", metrics, re.MULTILINE))
    assert named - typed - samples == set()


def test_otlp_over_http_is_where_the_table_says(shown: Shown, english: Document) -> None:
    for path in ("/v1/logs", "/v1/traces"):
        assert path in english.code_words
        request = urllib.request.Request(
            f"http://{shown.server.otlp_http}{path}", data=b"{}", headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def test_the_case_shown_can_be_scored(english: Document, tmp_path: Path) -> None:
    """The three files of the README, and the normal stretch that its label names."""
    log, span, label = (english.block("json", number).text for number in range(3))
    for folder in ("case", "normal_2026-11-20"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "logs.jsonl").write_text(log)
        (tmp_path / folder / "spans.jsonl.gz").write_bytes(gzip.compress(span.encode()))
    (tmp_path / "case" / "label.json").write_text(label)
    answer = run(["eval", "."], tmp_path, {})
    assert answer.returncode == 0, answer.stderr
    assert "exception" in answer.stdout
    assert "AC@1" in answer.stdout
