"""Numbers with their spread, and what they are compared with."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of the rounds of one measurement."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def to_json(self) -> dict[str, float]:
        return {"median": self.median, "min": self.low, "max": self.high}


def ratio(values: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Round by round, so that a load that comes and goes on the machine hits both sides of each quotient."""
    return Spread.of([value / base for value, base in zip(values, baseline, strict=True)])


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is to the row of the same table that is called `baseline`."""

    what: str
    unit: str
    value: Spread
    ratio: Spread | None = None
    baseline: str = ""
    # What has to be reached, where something is asked for: of the ratio, or of the value where there is none.
    bar: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "what": self.what,
            "unit": self.unit,
            "value": self.value.to_json(),
            "ratio": self.ratio.to_json() if self.ratio else None,
            "baseline": self.baseline,
            "bar": self.bar,
        }


@dataclass(frozen=True, slots=True)
class Table:
    """What one benchmark found. `notes` say how it was measured and what is missing."""

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default=())

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "title": self.title,
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
        }


def compared(what: str, unit: str, values: Sequence[float], against: Sequence[float], name: str, bar: str = "") -> Row:
    """A row with its ratio to the rounds of the baseline called `name`."""
    return Row(what, unit, Spread.of(values), ratio(values, against), name, bar)
