"""The reasons for one cause as bars that add up to its score."""

from dataclasses import dataclass

from rca.diagnosis import Evidence, RootCause


@dataclass(frozen=True, slots=True)
class Bar:
    """One step: it begins where the one before ended. `start` and `width` are percent of the whole drawing.

    `amount` is in hundredths, rounded so that the amounts add up to the rounded score.
    """

    evidence: Evidence
    start: float
    width: float
    amount: int

    @property
    def text(self) -> str:
        return signed(self.amount)


@dataclass(frozen=True, slots=True)
class Sum:
    """All bars; `zero` is where nothing is, `total_start` and `total_width` are the score itself; all in percent."""

    bars: tuple[Bar, ...]
    zero: float
    total_start: float
    total_width: float
    total: int

    @property
    def text(self) -> str:
        return signed(self.total)


def add_up(cause: RootCause) -> Sum:
    levels = [0.0]
    for item in cause.evidence:
        levels.append(levels[-1] + item.contribution)
    low, high = min(levels), max(levels)
    reach = high - low

    def position(level: float) -> float:
        # Divided first: a scale for the smallest of reaches would be infinite.
        return round((level - low) / reach * 100.0, 2) if reach > 0 else 0.0

    marks = [round(level * 100) for level in levels]
    bars = tuple(
        Bar(
            item,
            start=min(position(before), position(after)),
            width=abs(position(after) - position(before)),
            # Differences of rounded levels add up by themselves.
            amount=end - begin,
        )
        for item, before, after, begin, end in zip(cause.evidence, levels, levels[1:], marks, marks[1:], strict=False)
    )
    zero, end = position(0.0), position(levels[-1])
    return Sum(bars, zero, min(zero, end), abs(end - zero), marks[-1])


def signed(hundredths: int) -> str:
    """With a real minus sign."""
    sign = "−" if hundredths < 0 else "+"
    return f"{sign}{abs(hundredths) / 100:.2f}"
