"""`hypocenter analyze FILE`: any file of logs, judged without a service."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from server.commands.analyze import app
from tests.server.outage import CULPRIT, Outage, record, write

CALM = "2024-05-01T10:00:00Z INFO order 17 done\n"
TROUBLE = "2024-05-01T10:00:01Z ERROR java.lang.OutOfMemoryError: Java heap space\n"


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def judged(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_plain_lines(tmp_path: Path) -> None:
    file = tmp_path / "billing.log"
    file.write_text(CALM * 20 + "\n   \n" + TROUBLE * 5)
    found = judged(str(file))
    assert (found["is_anomaly"], found["analyzed_record_count"], found["basis"]) == (True, 25, "cold")
    assert found["affected_services"] == ["billing"]
    assert found["remediation_steps"]
    assert found["evidence"]
    assert sum(item["count"] for item in found["templates"]) == 25
    assert judged(str(file), "--service", "ledger")["affected_services"] == ["ledger"]


def test_for_people(tmp_path: Path) -> None:
    file = tmp_path / "billing.log"
    file.write_text(TROUBLE * 5)
    result = run(str(file))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{judged(str(file))['severity']}: ")
    assert "\n- " in result.stdout


@pytest.mark.parametrize("text", ["", "\n\n", CALM * 50])
def test_nothing_wrong(text: str, tmp_path: Path) -> None:
    file = tmp_path / "calm.log"
    file.write_text(text)
    found = judged(str(file))
    assert (found["is_anomaly"], found["severity"]) == (False, None)
    assert run(str(file)).stdout.startswith("nothing wrong was found")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "odd.log"
    file.write_bytes(b"\xff\xfe ERROR \x00 broken\n" + b"x" * 100_000 + b"\n[bold]not markup[/bold]\n")
    assert judged(str(file))["analyzed_record_count"] == 3


def otlp_line(service: str, body: str, severity: int, count: int) -> str:
    record = {"timeUnixNano": "1714557600000000000", "severityNumber": severity, "body": {"stringValue": body}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record] * count}]}]})


def test_otlp_lines(tmp_path: Path) -> None:
    """As the Collector's file exporter writes them; spans among them are passed over."""
    file = tmp_path / "otlp.jsonl"
    spans = '{"resourceSpans": []}'
    file.write_text("\n".join([otlp_line("cart", "all well", 9, 10), spans, otlp_line("till", TROUBLE, 17, 5)]))
    found = judged(str(file))
    assert (found["is_anomaly"], found["analyzed_record_count"]) == (True, 15)
    assert found["affected_services"] == ["till"]


def test_a_case_folder(tmp_path: Path) -> None:
    found = judged(str(write(record(Outage(normal=10, fault=20)), tmp_path / "case")))
    assert found["is_anomaly"] is True
    assert CULPRIT in found["affected_services"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("missing.log", None, "No such file"),
        ("missing.jsonl", None, "No such file"),
        ("broken.jsonl", b"{", "line 1: is not JSON"),
        ("cut.jsonl.gz", b"\x1f\x8b\x08\x00cut", "cannot be unpacked"),
    ],
)
def test_what_cannot_be_read(name: str, content: bytes | None, problem: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    result = run(str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"hypocenter: {file}")
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    result = run(str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "holds no logs.jsonl" in result.stderr
