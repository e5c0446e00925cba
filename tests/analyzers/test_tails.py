"""Some calls that take far longer, for a while."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.latencies import Latency
from analyzers.service import service_key
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, Summary, union
from analyzers.tails import mark

STEP = 5_000_000_000
MILLI = 1_000_000
CLIENT, SERVER = service_key("enricher"), service_key("registry")
EDGE = EdgeKey(CLIENT, SERVER)


def bucket(number: int, slow: int = 0, calls: int = 12) -> Summary:
    """Of `calls` over the edge `slow` wait for a second packet; each other one is under way for a millisecond."""
    found = Summary(number * STEP, (number + 1) * STEP)
    for service in (CLIENT, SERVER):
        found.service(service).spans = calls
    edge = found.edge(EDGE)
    edge.calls = calls
    edge.gap = Sketch.of([*[MILLI] * (calls - slow), *[400 * MILLI] * slow])
    edge.duration = Sketch.of([*[3 * MILLI] * (calls - slow), *[403 * MILLI] * slow])
    return found


def learned(buckets: int = 60) -> Baseline:
    baseline = Baseline()
    for number in range(buckets):
        calm = bucket(number)
        mark(calm, baseline)
        baseline.learn(calm)
    return baseline


def found_in(slow: list[int]) -> list[str]:
    baseline = learned()
    parts = [bucket(100 + number, count) for number, count in enumerate(slow)]
    for part in parts:
        mark(part, baseline)
    window = union(parts)
    return [item.detector for detector in build_all() for item in detector.detect(window, baseline)]


def test_a_few_calls_in_each_of_several_buckets_are_found() -> None:
    assert "edge_gap" in found_in([1, 0, 2, 1, 1])


def test_one_pause_is_not_however_many_wait_for_it() -> None:
    assert "edge_gap" not in found_in([0, 2, 2, 0, 0])


def test_what_was_usual_is_not() -> None:
    usual = Latency()
    for number in range(90):
        usual.learn(Sketch.of([MILLI] * 12), slow=number % 3 == 0)
    assert usual.lasting(3, 6) < 1.0 < usual.lasting(6, 6)


@pytest.mark.parametrize(("slow", "timed"), [(0, 0), (2, 6), (3, 3)])
def test_it_counts_for_little_by_itself(slow: int, timed: int) -> None:
    """It has to come again in the windows after it."""
    usual = Latency()
    assert usual.lasting(slow, timed) == 0.0
    for _ in range(500):
        usual.learn(Sketch.of([MILLI] * 12))
    assert (usual.lasting(slow, timed) == 3.5) == (slow >= 3)


def test_in_a_stretch_it_has_come_again() -> None:
    usual = Latency()
    for _ in range(60):
        usual.learn(Sketch.of([MILLI] * 12))
    assert usual.lasting(4, 24) < 4.0 < 5.0 < usual.lasting(12, 24)


def test_buckets_are_added_up() -> None:
    baseline = learned()
    parts = [bucket(100, 2), bucket(101), bucket(102, 3, calls=60)]
    for part in parts:
        mark(part, baseline)
        mark(part, baseline)
    whole = union(parts).edges[EDGE]
    assert (whole.slow, whole.timed) == (2, 3)
