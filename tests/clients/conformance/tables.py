"""The table of the READMEs: Hypocenter and the Collector's own receiver, side by side, row by row.

    python -m tests.clients.conformance.tables HYPOCENTER.json COLLECTOR.json

writes it into both, from what `hypocenter conformance --json` printed about each.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
READMES = (REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md")
_MARKED = re.compile(r"(<!-- conformance -->\n.*?```text\n).*?(```\n.*?<!-- /conformance -->)", re.DOTALL)
_LINE = re.compile(r"(?P<id>(?:grpc|http|json)\.\S+) +(?:MUST|SHOULD|MAY) +(?P<hypocenter>[a-z]+) +[a-z]+  ")
_HEADING = ("row", "level", "Hypocenter", "Collector", "demanded (section of the specification)")
_WIDTHS = (16, 6, 10, 9)

Row = Mapping[str, Any]


def table(hypocenter: list[Row], collector: list[Row]) -> str:
    """Rows that demand nothing are left out. Below it, what the Collector did where it did not pass."""
    other = {row["id"]: row for row in collector}
    lines = [_line(*_HEADING)]
    failed = []
    for row in hypocenter:
        if row["level"] == "INFO":
            continue
        seen = other[row["id"]]
        demanded = f"{row['demanded']} ({row['section']})"
        lines.append(_line(row["id"], row["level"], row["verdict"], seen["verdict"], demanded))
        if seen["verdict"] in ("fail", "skip") and row["verdict"] != "skip":
            failed.append(f"{row['id']:{_WIDTHS[0]}}  {seen['seen']}")
    return "\n".join([*lines, "", "What the Collector answered there:", *failed]) + "\n"


def hypocenter_column(readme: str) -> dict[str, str]:
    """Verdicts by row, as the README has them."""
    marked = _MARKED.search(readme)
    assert marked, "the markers of the conformance table are gone"
    found = (_LINE.match(line) for line in marked[0].splitlines())
    return {line["id"]: line["hypocenter"] for line in found if line}


def _line(*cells: str) -> str:
    start = "  ".join(f"{cell:{width}}" for cell, width in zip(cells[:-1], _WIDTHS, strict=True))
    return f"{start}  {cells[-1]}"


def main(hypocenter: Path, collector: Path) -> None:
    text = table(*(json.loads(path.read_text(encoding="utf-8"))["rows"] for path in (hypocenter, collector)))
    for readme in READMES:
        before = readme.read_text(encoding="utf-8")
        readme.write_text(_MARKED.sub(lambda found: found[1] + text + found[2], before), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
