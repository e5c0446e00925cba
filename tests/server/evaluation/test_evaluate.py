"""`hypocenter eval`: from case folders to scores, and what it says about folders that are none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from server.commands.evaluate import app
from server.evaluation.evaluate import CaseScore, evaluate, median_delay
from server.evaluation.given import Mode
from server.evaluation.report import case_table, document, online_lines, total_table
from server.evaluation.scoring import OnlineScore, Rank
from tests.server.evaluation.recorded import shared_cases
from tests.server.outage import CULPRIT, SECOND, START, Outage, record, write


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One failure with its day's normal minute, in the layout of the shared cases."""
    root = tmp_path_factory.mktemp("cases")
    outage = Outage(normal=75, fault=60)
    write(
        record(Outage(normal=60, fault=0, start_unix_nano=START - 7200 * SECOND, seed=3)), root / "shop" / "normal", {}
    )
    (root / "shop" / "normal" / "label.json").unlink()
    label = {
        "root_cause_service": CULPRIT,
        "fault_type": "exception",
        "inject_unix_nano": outage.inject_unix_nano,
        "nezha_window_unix_nano": [outage.inject_unix_nano, outage.inject_unix_nano + 60 * SECOND],
        "normal_dir": "../normal",
    }
    label["normal_dir"] = "normal"
    write(record(outage), root / "shop" / "payment_exception", label)
    return root


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_case_is_scored_in_all_three_ways(cases: Path, tmp_path: Path) -> None:
    result = run(str(cases), "--json", str(tmp_path / "scores.json"))
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "scores.json").read_text())
    (case,) = found["cases"]
    assert (case["case"], case["system"], case["fault_type"]) == ("payment_exception", "shop", "exception")
    assert (case["paper"], case["day"], case["online"]["rank"]) == (1.0, 1.0, 1.0)
    assert case["online"]["detected"] is True
    assert 0 < case["online"]["delay_seconds"] <= 30
    assert (case["online"]["incidents"], case["online"]["false_alarms"]) == (1, 0)
    for way in ("paper", "day", "online"):
        assert found["systems"]["shop"][way]["ac@1"]["value"] == 1.0
        assert found["systems"]["shop"][way]["mrr"]["value"] == 1.0
    # The normal minute, and the case up to a minute before the injection.
    assert found["online"]["quiet_hours"] == pytest.approx((60 + 15) / 3600, abs=2 / 3600)
    for line in ("payment_exception", "AC@1", "MRR", "median delay", "false alarms: 0 in"):
        assert line in result.stdout


def test_to_stdout_there_is_only_the_document(tmp_path: Path) -> None:
    write(record(Outage(normal=20, fault=10)), tmp_path / "small")
    result = run(str(tmp_path), "--json", "-")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["online"]["cases"] == 1


def damaged(cases: Path, folder: Path) -> Path:
    """A copy of the case folder to spoil."""
    shutil.copytree(cases, folder)
    return folder / "shop" / "payment_exception"


@pytest.mark.parametrize(
    ("file", "line", "text", "problem"),
    [
        ("logs.jsonl", 3, "{broken", "is not JSON"),
        ("spans.jsonl", 5, '{"trace_id": "00"}', "must be 32 hex digits|is missing"),
        ("logs.jsonl", 2, '{"time_unix_nano": "noon", "service": "a", "body": "b"}', "must be a whole number"),
        ("spans.jsonl", 1, "[]", "not an object"),
    ],
)
def test_a_malformed_line_is_named(cases: Path, tmp_path: Path, file: str, line: int, text: str, problem: str) -> None:
    path = damaged(cases, tmp_path / "copy") / file
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    result = run(str(tmp_path / "copy"))
    assert (result.exit_code, result.stdout) == (2, "")
    complaint = result.stderr.splitlines()[-1]
    assert complaint.startswith(f"hypocenter: {path}, line {line}")
    assert any(part in complaint for part in problem.split("|"))


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"inject_unix_nano": "soon"}', "must be a whole number"),
        ('{"root_cause_services": "a", "inject_unix_nano": 1}', "must be a list of strings"),
        ('{"root_cause_service": "a", "inject_unix_nano": 1, "normal_dir": "nowhere"}', "cannot be read"),
    ],
)
def test_a_malformed_label_is_named(cases: Path, tmp_path: Path, label: str, problem: str) -> None:
    folder = damaged(cases, tmp_path / "copy")
    (folder / "label.json").write_text(label)
    result = run(str(tmp_path / "copy"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr.splitlines()[-1]
    assert str(tmp_path / "copy" / "shop") in result.stderr.splitlines()[-1]


def test_folders_that_hold_no_case(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "lonely").mkdir()
    (tmp_path / "lonely" / "label.json").write_text("{}")
    for name, problem in (
        ("empty", "no label.json or scenario.yaml"),
        ("missing", "is not a folder"),
        ("lonely", "holds no logs.jsonl"),
    ):
        result = run(str(tmp_path / name))
        assert (result.exit_code, result.stdout) == (2, "")
        assert problem in result.stderr


def test_a_case_without_a_fault_counts_only_false_alarms(tmp_path: Path) -> None:
    write(record(Outage(normal=90, fault=0)), tmp_path / "quiet", {"fault_type": "none"})
    (score,) = evaluate([tmp_path / "quiet"])
    assert (score.given, score.causes) == ({}, ())
    assert score.online is not None
    assert (score.online.detected, score.online.false_alarms) == (False, 0)
    assert score.online.quiet_hours == pytest.approx(90 / 3600, abs=2 / 3600)
    assert any("false alarms: 0 in 0.0" in line for line in online_lines([score]))


def test_a_fault_that_begins_before_the_rows_is_not_scored_online(tmp_path: Path) -> None:
    label = {"root_cause_service": CULPRIT, "inject_unix_nano": START - SECOND}
    write(record(Outage(normal=20, fault=20)), tmp_path / "early", label)
    (score,) = evaluate([tmp_path / "early"])
    assert score.online is None
    assert online_lines([score]) == ["no case could be scored online"]


def test_what_was_not_ranked_counts_as_a_miss() -> None:
    missed = OnlineScore(False, None, 0, 1, 1.0, None)
    found = OnlineScore(True, 20.0, 2, 0, 1.0, Rank(0, 1))
    scores = [
        CaseScore("one", "shop", "cpu", ("a",), {Mode.PAPER: None}, missed),
        CaseScore("two", "shop", "cpu", ("a",), {Mode.PAPER: Rank(0, 0)}, found),
    ]
    summary = document(scores)
    assert summary["systems"]["shop"]["paper"]["ac@1"]["value"] == 0.5
    assert summary["systems"]["shop"]["online"]["ac@1"]["value"] == 0.25
    assert summary["online"]["recall"]["value"] == 0.5
    assert (summary["online"]["false_alarms"], summary["online"]["quiet_hours"]) == (1, 2.0)
    assert median_delay(scores) == 20.0
    lines = online_lines(scores)
    assert "incidents per failure found: 2.00" in lines
    assert not any("before the labelled injection" in line for line in lines)
    early = [*scores, CaseScore("three", "shop", "cpu", ("a",), {}, replace(found, delay=-7.0))]
    assert "of these opened in the minute before the labelled injection: 1 of 2" in online_lines(early)
    back = [*scores, CaseScore("three", "shop", "cpu", ("a",), {}, replace(found, came_back=True))]
    assert "of these had been opened before the fault, and came back: 1 of 2" in online_lines(back)
    assert not any("recorded for a minute" in line for line in lines)
    short = [replace(scores[0], online=replace(missed, recorded=59.0)), scores[1]]
    assert any(line.endswith("a minute or longer: 100.0 (21-100) of 1") for line in online_lines(short))
    assert document(short)["online"]["recall_recorded_a_minute"]["value"] == 1.0
    console = Console(width=160)
    with console.capture() as shown:
        console.print(case_table(scores), total_table(scores))
    assert "none" in shown.get()
    assert "50.0 (9-91)" in shown.get()


def test_recorded_failures_can_be_scored() -> None:
    """How well is measured by `hypocenter eval`, not asserted here; TrainTicket has its turn in test_online.py."""
    paths = shared_cases("ob", 1)
    scores = list(evaluate(paths))
    assert [score.name for score in scores] == [path.name for path in paths]
    assert all(Mode.DAY in score.given for score in scores)
    found = json.loads(json.dumps(document(scores), allow_nan=False))
    assert found["systems"]["ob"]["day"]["cases"] == 1
