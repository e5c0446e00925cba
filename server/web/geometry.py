"""Places of a layout in pixels, and the lines between them."""

from collections.abc import Iterable, Sequence

from server.web.layout import Place

# Pixels.
BOX_WIDTH = 156
BOX_HEIGHT = 46
_COLUMN = 252
_ROW = 70
_MARGIN = 14
# How far a line against the stream stays from its opposite.
_ASIDE = 11


def label_spot(route: Sequence[Place]) -> tuple[float, float]:
    """The middle of the last gap: lines from one caller have parted by then."""
    one, other = sorted(route[-2:], key=lambda place: place.layer)
    aside = _ASIDE if route[0].layer > route[-1].layer else 0
    return (left(one) + BOX_WIDTH + left(other)) / 2, (middle(one) + middle(other)) / 2 + aside


def left(place: Place) -> float:
    return _MARGIN + place.layer * _COLUMN


def top(place: Place) -> float:
    return _MARGIN + place.row * _ROW


def middle(place: Place) -> float:
    return top(place) + BOX_HEIGHT / 2


def width(places: Iterable[Place]) -> float:
    """Of the whole picture."""
    return max(left(place) for place in places) + BOX_WIDTH + _MARGIN


def height(places: Iterable[Place]) -> float:
    """Of the whole picture; lines against the stream may run a little below the boxes."""
    return max(top(place) for place in places) + BOX_HEIGHT + _ASIDE + _MARGIN


def path(route: Sequence[Place]) -> str:
    """Curves between columns, straight through a column. Against the stream it leaves left and arrives right."""
    with_stream = route[0].layer < route[-1].layer
    out, into = (BOX_WIDTH, 0) if with_stream else (0, BOX_WIDTH)
    aside = 0 if with_stream else _ASIDE
    x, y = left(route[0]) + out, middle(route[0]) + aside
    steps = [f"M{x:.1f} {y:.1f}"]
    for position, place in enumerate(route[1:], start=2):
        next_x, next_y = left(place) + into, middle(place) + aside
        bend = (next_x - x) / 2
        steps.append(f"C{x + bend:.1f} {y:.1f} {next_x - bend:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
        if position < len(route):
            x = left(place) + out
            steps.append(f"H{x:.1f}")
    return "".join(steps)
