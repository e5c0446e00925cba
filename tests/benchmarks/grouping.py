"""How many lines are grouped rightly, by system, on the corrected labels of loghub: one setting for all systems."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from statistics import mean

from analyzers.templates import TemplateFamilies, TemplateMiner
from tests.benchmarks.drain_venv import drain_python, mine_with_drain
from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.mining import Labelled, as_batch, labelled
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
    notes = [
        "grouping accuracy on *_2k.log_structured_corrected.csv; stock Drain3 0.9.11 as installed, eight masks",
        "families: of the templates of the whole corpus; by texts: true templates of one text count as one",
    ]
    means: dict[str, list[float]] = defaultdict(list)
    for system, lines in labelled(options):
        found = _measured(lines)
        if python is not None:
            groups = mine_with_drain(python, [line.body for line in lines]).groups
            found = {"stock Drain3": grouping_accuracy(groups, [line.event for line in lines])} | found
        rows += _rows(system, found)
        for what, accuracy in found.items():
            means[what].append(accuracy)
    if not means:
        notes.append("no loghub: set HYPOCENTER_LOGHUB to its folder")
    rows += _rows("mean", {what: mean(accuracies) for what, accuracies in means.items()})
    if means and python is None:
        notes.append("no stock Drain3 here (its own virtual environment is made by a run that is not --quick)")
    return Table("grouping", "template grouping accuracy", rows, notes)


def _measured(lines: Sequence[Labelled]) -> dict[str, float]:
    mined = TemplateMiner().mine(as_batch([line.body for line in lines]))
    texts = [mined.templates[code].text for code in mined.template.tolist()]
    families = TemplateFamilies(texts)
    events = [line.event for line in lines]
    return {
        "ours": grouping_accuracy(texts, events),
        "ours, families": grouping_accuracy([families.family_of(text) for text in texts], events),
        "ours, by texts": grouping_accuracy(texts, [line.template for line in lines]),
    }


def _rows(system: str, accuracies: Mapping[str, float]) -> list[Row]:
    stock = accuracies.get("stock Drain3")
    return [
        _row(f"{system}: {what}", accuracy, None if what == "stock Drain3" else stock)
        for what, accuracy in accuracies.items()
    ]


def _row(what: str, accuracy: float, baseline: float | None = None) -> Row:
    value = Spread.of([accuracy])
    if baseline is None:
        return Row(what, "accuracy", value)
    return Row(what, "accuracy", value, Spread.of([accuracy / baseline]), "stock Drain3")
