"""What users ask for of late, in windows that hold a few requests each."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.edge_calls import EdgeCalls, EdgeCallsConfig
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary, union
from tests.analyzers.telemetry import CHECKOUT, CRON, NOON, PAYMENT, SECOND

BUCKET = 5 * SECOND


def bucket(number: int, **asked: int) -> Summary:
    """Checkout calls payment once for each order, and for nothing else."""
    made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
    made.service(CHECKOUT).operations = {
        name: OperationStats(calls=count, entries=count) for name, count in asked.items() if count
    }
    made.services[CHECKOUT].spans = sum(asked.values())
    made.service(PAYMENT).spans = asked["order"]
    made.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=asked["order"])
    return made


def usual() -> Baseline:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, order=5, look=2, ask=1 + number % 2))
    return baseline


def window(number: int, **asked: int) -> Summary:
    return union(bucket(number + place, **asked) for place in range(3))


def found(seen: Summary, baseline: Baseline) -> list[Anomaly]:
    return EdgeCalls(EdgeCallsConfig()).detect(seen, baseline)


def checkout(baseline: Baseline) -> ServiceBaseline:
    return baseline.services[CHECKOUT]


def test_another_mixture_shows_when_it_has_lasted_for_a_while() -> None:
    """One window could be chance; with those before it it is none."""
    baseline, seen = usual(), window(72, order=2, look=3, ask=2)
    assert checkout(baseline).mixture(seen.services[CHECKOUT]) == (1.0, 1.0)
    for number in range(60, 72):
        baseline.meet(bucket(number, order=2, look=3, ask=2))
    least, most = checkout(baseline).mixture(seen.services[CHECKOUT])
    # Two of seven where five of eight and a half are usual; a quarter of what counts is from before.
    assert 2 / 7 * 8.5 / 5 < least < 0.62
    assert most > 1.2
    assert found(seen, baseline) == []


def test_what_is_asked_for_as_ever_hides_nothing() -> None:
    baseline, seen = usual(), window(72, order=5, look=2, ask=1)
    for number in range(60, 72):
        baseline.meet(bucket(number, order=5, look=2, ask=1))
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=2)
    (item,) = found(seen, baseline)
    assert (item.service, item.peer) == (CHECKOUT, PAYMENT)


def test_of_an_operation_that_is_new_nothing_need_come() -> None:
    """Somebody tries all doors: none of that leads to payment."""
    seen = window(72, order=5, look=2, ask=1, scan=40)
    assert checkout(usual()).mixture(seen.services[CHECKOUT])[0] == pytest.approx(8 / 48)
    assert found(seen, usual()) == []
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=0)
    assert [item.surprise < 0 for item in found(seen, usual())] == [True]


def test_where_operations_are_always_new_that_tells_nothing() -> None:
    """Names of spans hold what differs from request to request: what comes of these is missed all the same."""
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, **{f"look at {number}": 2}, order=5))
    seen = window(72, **{"look at 72": 2}, order=5)
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=2)
    assert [item.surprise < 0 for item in found(seen, baseline)] == [True]


def test_calls_that_came_for_a_while_may_be_over() -> None:
    """A job ran, and was learned from; once it has been there for long it is missed."""
    edge = EdgeKey(CHECKOUT, CRON)
    for ran, missed in ((2, False), (40, True)):
        baseline = usual()
        for number in range(60, 60 + ran):
            made = bucket(number, order=5, look=2, ask=1)
            made.edges[edge] = EdgeStats(calls=20)
            baseline.learn(made)
        seen = union(bucket(100 + place, order=5, look=2, ask=1) for place in range(3))
        assert [item.peer == CRON for item in found(seen, baseline)] == [True] * missed
