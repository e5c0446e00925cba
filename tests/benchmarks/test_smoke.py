"""Benchmarks run and say what they should; what they measure is not judged here."""

import json
import shutil
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, main
from tests.benchmarks.grouping import grouping_accuracy
from tests.benchmarks.measure import ratio

QUICK = ("ingest", "latency", "spans", "mining", "graph")


def test_quick_runs_print_tables_and_write_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "bench.json"
    assert main([*QUICK, "--quick", "--json", str(written)]) == 0
    document = json.loads(written.read_text())
    assert document["quick"] is True
    assert document["machine"]["cpus"] >= 1
    assert document["machine"]["load"] >= 0
    printed = capsys.readouterr().out
    assert [table["name"] for table in document["benchmarks"]] == list(QUICK)
    for table in document["benchmarks"]:
        assert f"{table['name']}: {table['title']}" in printed
        assert table["notes"]
        for row in table["rows"]:
            assert 0 < row["value"]["min"] <= row["value"]["median"] <= row["value"]["max"]
            assert bool(row["ratio"]) == bool(row["baseline"])
            assert f"{row['what']} " in printed
    ingest = document["benchmarks"][0]["rows"]
    assert [row["what"].partition(": ")[2] for row in ingest[:4]] == ["S", "ours", "S, by CPU", "ours, by CPU"]
    assert ingest[1]["baseline"] == "S"


@pytest.mark.collector
@pytest.mark.timeout(1500)
@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go to build a Collector")
def test_quick_runs_with_a_real_collector(tmp_path: Path) -> None:
    written = tmp_path / "bench.json"
    assert main(["drain", "collector", "--quick", "--json", str(written)]) == 0
    drain, collector = json.loads(written.read_text())["benchmarks"]
    assert [row["what"].partition(": ")[2] for row in drain["rows"][:3]] == [
        "Collector that only receives",
        "Collector with Drain",
        "ours",
    ]
    found = {row["what"]: row["value"]["median"] for row in collector["rows"]}
    assert found["sent"] == found["counted"] > 0
    assert found["lost"] == found["counted twice"] == 0
    assert found["export of the Collector, p50"] <= found["export of the Collector, p99"]


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ingst"])
    said = capsys.readouterr().err
    assert "ingst" in said
    assert all(name in said for name in BENCHMARKS)


def test_ratios_are_taken_round_by_round() -> None:
    found = ratio([10, 40, 90], [10, 20, 30])
    assert (found.low, found.median, found.high) == (1, 2, 3)


def test_grouping_counts_lines_of_groups_that_are_exactly_right() -> None:
    assert grouping_accuracy("xxyzz", "aabbc") == pytest.approx(0.4)
    assert grouping_accuracy([3, 3, 1], ["b", "b", "a"]) == 1
