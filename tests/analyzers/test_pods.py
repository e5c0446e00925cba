"""One bad pod among replicas."""

import pytest

from analyzers.latencies import Latency
from analyzers.pods import failing, lacking, slower, slowest
from analyzers.sketch import Sketch

MS = 1_000_000


@pytest.mark.parametrize(
    ("faults", "work", "pod"),
    [
        ({"a": 40}, {"a": 50, "b": 50, "c": 50}, "a"),
        ({"a": 40, "b": 4}, {"a": 50, "b": 50}, "a"),
        # Spread.
        ({"a": 20, "b": 20}, {"a": 50, "b": 50}, ""),
        # Its share of the work, and no more.
        ({"a": 40, "b": 10}, {"a": 80, "b": 20}, ""),
        # Too few to tell.
        ({"a": 2}, {"a": 50, "b": 50}, ""),
        # No siblings.
        ({"a": 40}, {"a": 50}, ""),
        ({}, {"a": 50, "b": 50}, ""),
        ({"<other>": 40}, {"<other>": 50, "b": 50}, ""),
    ],
)
def test_who_fails(faults: dict[str, int], work: dict[str, int], pod: str) -> None:
    assert failing(faults, work) == pod


def test_who_stopped() -> None:
    work = {"a": 50, "b": 50, "c": 50}
    assert lacking({"a": 50, "b": 49}, work, 150.0) == "c"
    assert lacking({}, work, 150.0) == ""
    assert lacking({}, {}, 150.0) == ""


def bins(durations: dict[str, list[int]]) -> tuple[dict[str, int], dict[str, int], Sketch]:
    sums = {pod: sum(next(iter(Sketch.of([one]).bins)) for one in some) for pod, some in durations.items()}
    every = [one for some in durations.values() for one in some]
    return sums, {pod: len(some) for pod, some in durations.items()}, Sketch.of(every)


def usual() -> Latency:
    known = Latency()
    for _ in range(50):
        known.learn(Sketch.of([4 * MS, 5 * MS, 6 * MS] * 4))
    return known


def test_who_is_slow() -> None:
    sums, timed, seen = bins({"a": [5 * MS] * 10, "b": [90 * MS] * 10, "c": [5 * MS] * 10})
    assert slowest(sums, timed, usual()) == "b"
    assert slower(sums, timed, seen, usual(), 0.2) > 4


def test_all_slow_is_nobody() -> None:
    sums, timed, seen = bins({pod: [90 * MS] * 10 for pod in "abc"})
    assert slowest(sums, timed, usual()) == ""
    assert slower(sums, timed, seen, usual(), 0.2) == 0


def test_one_long_pause_makes_no_slow_pod() -> None:
    sums, timed, seen = bins({"a": [5 * MS] * 10, "b": [5 * MS, 5000 * MS], "c": [5 * MS] * 10})
    assert slower(sums, timed, seen, usual(), 0.2) == 0


def test_alone_there_is_nobody_to_compare_with() -> None:
    sums, timed, seen = bins({"a": [90 * MS] * 10})
    assert (slowest(sums, timed, usual()), slower(sums, timed, seen, usual(), 0.2)) == ("", 0.0)
