"""Tables as text."""

from collections.abc import Iterator, Sequence

from tests.benchmarks.measure import Row, Spread, Table


def lines(table: Table) -> Iterator[str]:
    yield f"{table.name}: {table.title}"
    cells = [("what", "median (min - max)", "unit", "ratio (min - max)", "bar"), *map(_cells, table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
    for note in table.notes:
        yield f"  - {note}"


def _cells(row: Row) -> Sequence[str]:
    times = f"{_spread(row.ratio)} x {row.baseline}" if row.ratio else ""
    return (row.what, _spread(row.value), row.unit, times, row.bar)


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)} - {number(spread.high)})"


def number(value: float) -> str:
    """Three significant digits, or all of them left of the point."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}"
