"""Scenarios through the real pipeline, and the reports over them."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from server.commands.evaluate import app
from server.config import SECOND
from server.evaluation.played import play_scenario
from server.evaluation.simulated import Simulated, evaluate_simulated
from server.evaluation.simulation import Scenario, read_scenario
from server.evaluation.simulation.recording import write_case
from tests.server.evaluation.simulation.small import small

EXPECTED = {"causes": [{"service": "middle"}], "not_blamed": ["front"]}


def outage(**more: object) -> Scenario:
    fault = {"kind": "exception", "service": "middle", "share": 0.8, "at": "80s"}
    return small(duration="120s", faults=[fault], expected=EXPECTED, kind="exception", **more)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_scenario_is_scored() -> None:
    played = play_scenario(outage())
    assert played.unmet == ()
    score = played.score
    assert score.detected
    assert score.rank is not None
    assert score.delay is not None
    assert (score.rank.expected, score.incidents, score.false_alarms, score.failures) == (1.0, 1, 0, 1)
    assert 0 < score.delay <= 30
    assert score.quiet_hours == pytest.approx(80 / 3600)


def test_a_scenario_without_a_fault_counts_false_alarms_only() -> None:
    played = play_scenario(small(duration="60s"))
    assert (played.unmet, played.incidents) == ((), ())
    assert (played.score.detected, played.score.failures, played.score.rank) == (False, 0, None)
    assert played.score.quiet_hours == pytest.approx(60 / 3600)


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One to be simulated, the same recorded, and one that expects what does not happen."""
    root = tmp_path_factory.mktemp("scenarios")
    recorded = root / "recorded"
    write_case(outage(), recorded)
    label = json.loads((recorded / "label.json").read_text())
    (recorded / "label.json").unlink()
    values = {"expected": EXPECTED, "inject_unix_nano": label["inject_unix_nano"]}
    (recorded / "scenario.yaml").write_text(yaml.safe_dump(values))
    for name, expected in (("simulated", "{causes: [{service: b}]}"), ("mistaken", "{causes: [{service: a}]}")):
        (root / name).mkdir()
        (root / name / "scenario.yaml").write_text(
            "topology: {services: {a: {operations: {GET /: [{call: b/GET /}, {log: done}]}},"
            " b: {operations: {GET /: [{work: 2ms}, {log: 'found {n}'}]}}}}\n"
            "load: {rate: 10, entries: {a/GET /: 1}}\nduration: 100s\n"
            "faults: [{kind: exception, service: b, share: 0.8, at: 70s}]\n"
            f"expected: {expected}\n"
        )
    return root


def test_a_recorded_scenario_is_found_like_the_simulated_one(scenarios: Path) -> None:
    played = play_scenario(read_scenario(scenarios / "recorded"), scenarios / "recorded")
    assert played.unmet == ()
    assert played.score.rank == play_scenario(outage()).score.rank


def test_the_command_tells_what_was_not_met(scenarios: Path, tmp_path: Path) -> None:
    result = run(str(scenarios), "--json", str(tmp_path / "scores.json"))
    assert result.exit_code == 0, result.output
    found = {case["case"]: case for case in json.loads((tmp_path / "scores.json").read_text())["cases"]}
    assert found["simulated"]["unmet"] == found["recorded"]["unmet"] == []
    assert found["mistaken"]["unmet"] == ["a is not first in any incident, but b"]
    assert found["mistaken"]["online"]["rank"] != 1.0
    for line in ("mistaken: a is not first", "scenarios as expected: 2 of 3", "kinds, online", "1 of 1", "0 of 1"):
        assert line in result.stdout


def test_more_seeds_are_more_cases(scenarios: Path) -> None:
    result = run(str(scenarios / "simulated"), "--seeds", "2", "--json", "-")
    assert result.exit_code == 0, result.output
    assert [case["seed"] for case in json.loads(result.stdout)["cases"]] == [1, 2]


def test_a_mistake_in_a_scenario_is_named(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("topology: {}")
    result = run(str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path}/scenario.yaml: topology.services: Field required" in result.stderr


def test_something_must_be_named() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--simulated-hours" in result.stderr


def test_generated_failures_are_scored() -> None:
    (score,) = evaluate_simulated(Simulated(failures=1))
    assert (score.system, score.fault_type, score.name) == ("simulated", "slow", "slow-1")
    assert score.online is not None
    assert score.online.failures == 1
    assert score.online.quiet_hours == pytest.approx(240 / 3600)
    assert score.causes


def test_play_is_deterministic() -> None:
    short = outage().model_copy(update={"duration": 100 * SECOND})
    first, second = play_scenario(short), play_scenario(short)
    assert [item.incident_id for item in first.incidents] == [item.incident_id for item in second.incidents]
    assert first.score == second.score
