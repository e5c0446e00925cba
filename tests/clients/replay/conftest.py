import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from clients.replay.sink import OtlpSink

Row = Mapping[str, object]
WriteCase = Callable[..., Path]

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def sink() -> Iterator[OtlpSink]:
    with OtlpSink() as sink:
        yield sink


@pytest.fixture
def write_case(tmp_path: Path) -> WriteCase:
    """A folder with the rows given; `plain` leaves the files unpacked."""

    def write(
        name: str,
        logs: list[Row] | None = None,
        spans: list[Row] | None = None,
        label: Row | None = None,
        plain: bool = False,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for stem, rows in (("logs", logs), ("spans", spans)):
            if rows is not None:
                data = "".join(json.dumps(row) + "\n" for row in rows).encode()
                file = folder / f"{stem}.jsonl{'' if plain else '.gz'}"
                file.write_bytes(data if plain else gzip.compress(data))
        if label is not None:
            (folder / "label.json").write_text(json.dumps(label))
        return folder

    return write


@pytest.fixture(scope="session")
def cases_dir() -> Path:
    """The recorded cases, which are no part of the repository."""
    given = os.environ.get("HYPOCENTER_CASES")
    folder = Path(given) if given else Path(__file__).parents[4] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"no recorded cases in {folder}: set HYPOCENTER_CASES to a folder of them")
    return folder
