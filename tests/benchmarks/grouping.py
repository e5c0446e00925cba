"""How many lines are grouped rightly, by system, on the corrected labels of loghub: one setting for all systems."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from statistics import mean

from analyzers.templates import TemplateMiner
from tests.benchmarks.drain_venv import drain_python, mine_with_drain
from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.mining import as_batch, labelled
from tests.benchmarks.options import Options


def grouping_accuracy(found: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    """Share of lines whose whole group is exactly a true group (Zhu et al., ICSE-SEIP 2019)."""
    theirs: dict[Hashable, list[int]] = defaultdict(list)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, (one, other) in enumerate(zip(found, true, strict=True)):
        groups[one].append(row)
        theirs[other].append(row)
    whole = {tuple(rows) for rows in theirs.values()}
    return sum(len(rows) for rows in groups.values() if tuple(rows) in whole) / len(true)


def grouping(options: Options) -> Table:
    """Accuracy, not time: no rounds. The ratio is of the accuracies."""
    python = drain_python(install=not options.quick)
    rows: list[Row] = []
    notes = ["grouping accuracy on *_2k.log_structured_corrected.csv; stock Drain3 0.9.11 as installed, eight masks"]
    ours_all, theirs_all = [], []
    for system, lines in labelled(options):
        bodies, true = [body for body, _ in lines], [event for _, event in lines]
        ours = grouping_accuracy(TemplateMiner().mine(as_batch(bodies)).template.tolist(), true)
        ours_all.append(ours)
        if python is not None:
            theirs = grouping_accuracy(mine_with_drain(python, bodies).groups, true)
            theirs_all.append(theirs)
            rows.append(_row(f"{system}: stock Drain3", theirs))
            rows.append(_row(f"{system}: ours", ours, theirs))
        else:
            rows.append(_row(f"{system}: ours", ours))
    if not ours_all:
        notes.append("no loghub: set HYPOCENTER_LOGHUB to its folder")
    elif theirs_all:
        rows.append(_row("mean: stock Drain3", mean(theirs_all)))
        rows.append(_row("mean: ours", mean(ours_all), mean(theirs_all)))
    else:
        rows.append(_row("mean: ours", mean(ours_all)))
        notes.append("no stock Drain3 here (its own virtual environment is made by a run that is not --quick)")
    return Table("grouping", "template grouping accuracy", rows, notes)


def _row(what: str, accuracy: float, baseline: float | None = None) -> Row:
    value = Spread.of([accuracy])
    if baseline is None:
        return Row(what, "accuracy", value)
    return Row(what, "accuracy", value, Spread.of([accuracy / baseline]), "stock Drain3")
