"""Scenario files: what they may say, and what is said of mistakes."""

from pathlib import Path

import pytest

from server.config import SECOND
from server.evaluation.simulation import ScenarioError, read_scenario

GOOD = """\
topology:
  services:
    front: {operations: {GET /: [{work: 1ms}, {call: back/GET /b}]}}
    back: {operations: {GET /b: [{work: 1ms}]}, pods: 2}
load: {rate: 1, entries: {front/GET /: 1}}
duration: 90s
"""
FAULT = "faults: [{kind: slow, service: back, factor: 3, at: 10s}]\n"


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "scenario.yaml").write_text(text)
    return folder


def test_a_scenario(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path / "slow-back", GOOD + FAULT))
    assert (scenario.kind, scenario.duration) == ("slow-back", 90 * SECOND)
    assert scenario.begin_unix_nano == scenario.start_unix_nano + 10 * SECOND
    assert read_scenario(tmp_path / "slow-back" / "scenario.yaml") == scenario


def test_changes_are_laid_over_the_topology_of_another_file(tmp_path: Path) -> None:
    topology = GOOD.split("load:")[0].removeprefix("topology:\n")
    (tmp_path / "two.yaml").write_text(topology)
    changes = "topology: ../two.yaml\nchanges: {services: {back: {pods: null, cores: 1}}}\n"
    scenario = read_scenario(write(tmp_path / "one", changes + "load:" + GOOD.split("load:")[1]))
    assert scenario.topology is not None
    back = scenario.topology.services["back"]
    assert (back.pods, back.cores) == (1, 1)
    assert list(back.operations) == ["GET /b"]


def test_a_folder_of_records_needs_no_topology(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path / "recorded", "expected: {causes: [{service: back, pod: back-1}]}\n"))
    assert scenario.topology is None
    assert scenario.expected.incident_count == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("topology: {", "is not YAML"),
        ("- a list", "must hold keys"),
        ("topology: nowhere.yaml", "nowhere.yaml: cannot be read"),
        ("changes: {services: {}}", "changes: must be keys to lay over a topology"),
        (GOOD + "speed: 3", "speed: is not a key that is known here"),
        (GOOD.replace("pods: 2", "pots: 2"), "topology.services.back.pots: is not a key"),
        (GOOD.replace("back/GET /b", "bank/GET /b"), "there is no service 'bank', only back, front"),
        (GOOD.replace("back/GET /b", "back/GET /c"), "back has no operation 'GET /c', only 'GET /b'"),
        (GOOD.replace("{work: 1ms}, {call", "{walk: 1ms}, {call"), "a step has one of the keys work"),
        (GOOD.replace("90s", "90"), "duration: write a duration with its unit"),
        (GOOD.replace("90s", "soon"), "'soon' is not a duration"),
        (GOOD.replace("{work: 1ms}, {call", "{send: mail}, {call"), "there is no queue 'mail'"),
        (GOOD.split("load:")[0], "load: is missing"),
        (FAULT, "topology: is missing"),
        (GOOD.replace("front/GET /", "front/PUT /"), "load.entries: front has no operation"),
        (GOOD + FAULT.replace("back", "bank"), "faults.0: there is no service 'bank'"),
        (GOOD + FAULT.replace("factor: 3", "factor: 3, pod: 2"), "back has no pod 2, only 0 to 1"),
        (GOOD + FAULT.replace("slow", "sluggish"), "does not match any of the expected tags: 'slow'"),
        (GOOD + FAULT.replace("factor: 3, ", ""), "faults.0.slow.factor: Field required"),
        (GOOD + "events: [{at: 5s, deploy: bank, version: 1.0.1}]", "events.0: there is no service 'bank'"),
        (GOOD + "events: [{at: 5s, restart: back}]", "an event has one of the keys deploy, configure, sampling"),
        (GOOD + "faults: [{kind: delay, edge: front, by: 1s, at: 1s}]", "faults.0.delay.edge"),
        (GOOD + "faults: [{kind: pool_leak, service: back, pool: db, at: 1s}]", "back has no pool 'db'"),
        (GOOD + "expected: {causes: [{service: bank}]}", "expected.causes.0: there is no service 'bank'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    folder = write(tmp_path / "wrong", text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(folder)
    assert complaint in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"scenario\.yaml: cannot be read"):
        read_scenario(tmp_path)
