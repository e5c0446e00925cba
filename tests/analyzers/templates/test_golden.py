"""Templates of lines as they are written out there. A change of masking shows here first.

`tests/golden/templates/NAME.txt` holds lines, `NAME.tsv` what they come to: how many, a tab, the template.
HYPOCENTER_GOLDEN_PRINT=1 with `pytest -s` prints the new values.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from analyzers.templates import TemplateMiner
from tests.analyzers.telemetry import log_batch, log_groups, record

GOLDEN = Path(__file__).parents[2] / "golden" / "templates"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


def mined(name: str) -> str:
    lines = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = TemplateMiner().mine(log_batch(*log_groups(map(record, lines))))
    counts = Counter(found.templates[code].text for code in found.template.tolist())
    return "".join(f"{count}\t{text}\n" for text, count in counts.items())


def test_there_is_a_corpus() -> None:
    assert len(NAMES) >= 8
    assert {path.stem for path in GOLDEN.glob("*.tsv")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_templates(name: str) -> None:
    found = mined(name)
    if os.environ.get("HYPOCENTER_GOLDEN_PRINT"):
        print(f"\n== {name}.tsv\n{found}")
    assert found == (GOLDEN / f"{name}.tsv").read_text(encoding="utf-8")
