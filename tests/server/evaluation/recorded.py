"""The recorded failures that are shared beside the project; DATA: never copied into it."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "cases"


def shared_cases(system: str, count: int) -> list[Path]:
    """The first cases with a label of a system; skips the test where there are none."""
    root = Path(os.environ.get("HYPOCENTER_CASES") or _BESIDE)
    found = sorted(path.parent for path in (root / system).glob("*/label.json"))
    if not found:
        pytest.skip(f"no recorded cases in {root}: set HYPOCENTER_CASES to the folder that holds {system}/")
    return found[:count]
