"""Every scenario finds what it expects, but for those of the table, which say why."""

from pathlib import Path

import pytest

from server.evaluation.played import play_scenario
from server.evaluation.simulation import read_scenario

ROOT = Path(__file__).parent
FOLDERS = sorted(path.parent for path in ROOT.glob("*/scenario.yaml"))
# What is not found today, and why. Strict: whoever mends one finds its test failing, and takes the line out.
NOT_YET: dict[str, str] = {}
SLOW = frozenset({"new-normal"})
# It took 114 seconds where four others wanted the same two cores.
SLOWLY = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_table_names_scenarios() -> None:
    assert {path.name for path in FOLDERS} >= NOT_YET.keys()
    assert len(FOLDERS) > 40


@pytest.mark.parametrize(
    "folder",
    [pytest.param(path, marks=SLOWLY if path.name in SLOW else []) for path in FOLDERS],
    ids=[path.name for path in FOLDERS],
)
def test_scenario(folder: Path, request: pytest.FixtureRequest) -> None:
    if reason := NOT_YET.get(folder.name):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    played = play_scenario(read_scenario(folder), folder)
    assert not played.unmet, "\n".join(played.unmet)
