"""What findings of one thing say together."""

from dataclasses import replace

import pytest

from analyzers.anomaly import Anomaly
from rca.joint import accumulated
from tests.analyzers.telemetry import NOON, SECOND
from tests.rca.findings import finding


def found(start: int, end: int, surprise: float = 4.0) -> Anomaly:
    return replace(finding(surprise=surprise), start_unix_nano=NOON + start * SECOND, end_unix_nano=NOON + end * SECOND)


@pytest.mark.parametrize(
    ("earlier", "latest", "parts"),
    [
        ((0, 15), (15, 30), 1.0),
        ((0, 15), (5, 20), 1 / 3),
        ((0, 15), (0, 15), 0.0),
        # A stretch holds the windows in it, and they a part of it.
        ((30, 45), (0, 120), 0.0),
        ((0, 120), (105, 120), 105 / 120),
        ((0, 120), (15, 135), 1 / 8),
    ],
)
def test_an_earlier_one_counts_for_what_the_later_one_does_not_hold(
    earlier: tuple[int, int], latest: tuple[int, int], parts: float
) -> None:
    alone = accumulated([found(*latest)])
    assert accumulated([found(*earlier), found(*latest)]) == pytest.approx(alone + parts * 8.0)


def test_of_several_each_moment_counts_once() -> None:
    windows = [found(start, start + 15) for start in range(0, 45, 5)]
    assert accumulated(windows) == pytest.approx(accumulated([found(0, 15)]) + 8.0 * 40 / 15)


def test_what_windows_say_together_is_not_lost_to_a_stretch_that_says_less() -> None:
    windows = [found(start, start + 15) for start in range(60, 105, 5)]
    together = accumulated(windows)
    assert accumulated([*windows, found(0, 120, 4.2)]) == pytest.approx(together)
    assert accumulated([*windows, found(0, 120, 4.2), found(110, 125)]) > together
    assert accumulated([*windows, found(0, 120, 9.0)]) == pytest.approx(accumulated([found(0, 120, 9.0)]))
    # They ended a while ago.
    assert accumulated([*windows[:-4], found(0, 120, 4.2)]) == pytest.approx(accumulated([found(0, 120, 4.2)]))


def test_what_goes_the_other_way_adds_nothing() -> None:
    assert accumulated([found(0, 15, -4.0), found(15, 30)]) == accumulated([found(15, 30)])
