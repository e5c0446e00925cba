"""A job that asks for the same thing hundreds of times is one thing."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.service import service_key
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary, union
from analyzers.tails import mark

STEP = 5_000_000_000
MILLI = 1_000_000
SHOP, ROWS = service_key("shop"), service_key("rows")
EDGE = EdgeKey(SHOP, ROWS, inferred=True)
JOB, USER = b"j" * 16, b"u" * 16


def bucket(number: int, calls: int = 20, slow: int = 0, busiest: int = 0) -> Summary:
    """Ten requests; of the calls they make `slow` take ten times as long, and one trace makes `busiest`."""
    found = Summary(number * STEP, (number + 1) * STEP)
    service = found.service(SHOP)
    service.operations, service.spans = {"GET /": OperationStats(calls=10, entries=10)}, 10
    edge = found.edge(EDGE)
    edge.calls = calls
    edge.duration = Sketch.of([*[4 * MILLI] * (calls - slow), *[40 * MILLI] * slow])
    edge.busiest, edge.busiest_trace = busiest, JOB if busiest else b""
    return found


def found_in(*parts: Summary, usually: int = 0) -> set[str]:
    baseline = Baseline()
    for number in range(60):
        mark(usual := bucket(number, busiest=usually), baseline)
        baseline.learn(usual)
    for part in parts:
        mark(part, baseline)
    window = union(parts)
    return {item.detector for detector in build_all() for item in detector.detect(window, baseline)}


@pytest.mark.parametrize(("busiest", "found"), [(0, True), (3, True), (100, False)])
def test_more_calls_are_told_where_several_traces_make_them(busiest: int, found: bool) -> None:
    parts = [bucket(100 + number, calls=120, busiest=busiest) for number in range(3)]
    assert ("edge_calls" in found_in(*parts)) == found


@pytest.mark.parametrize(("busiest", "found"), [(0, True), (3, True), (100, False)])
def test_slow_calls_are_told_where_several_traces_make_them(busiest: int, found: bool) -> None:
    parts = [bucket(100 + number, calls=120, slow=100, busiest=busiest) for number in range(3)]
    assert ("edge_gap" in found_in(*parts)) == found


def test_where_all_calls_are_always_of_one_trace_they_are_told() -> None:
    """A worker that never ends its trace."""
    assert {"edge_calls", "edge_gap"} <= found_in(bucket(100, calls=120, slow=100, busiest=120), usually=20)


def test_when_it_is_over_nothing_is_missed() -> None:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number))
    for number in range(60, 72):
        baseline.learn(bucket(number, calls=220, busiest=200))
    window = union(bucket(80 + number) for number in range(3))
    assert not [item for detector in build_all() for item in detector.detect(window, baseline)]


def test_the_same_trace_is_added_up_and_of_others_the_busier_one_kept() -> None:
    one, other, more = (EdgeStats(busiest=n, busiest_trace=t) for n, t in ((3, JOB), (4, USER), (2, JOB)))
    one.merge(more)
    assert (one.busiest, one.busiest_trace) == (5, JOB)
    one.merge(other)
    assert (one.busiest, one.busiest_trace) == (5, JOB)
    other.merge(one)
    assert (other.busiest, other.busiest_trace) == (5, JOB)
