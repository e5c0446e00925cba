"""What users ask for of late, in windows that hold a few requests each."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.edge_calls import EdgeCalls, EdgeCallsConfig
from analyzers.detectors.throughput import Throughput, ThroughputConfig
from analyzers.service import service_key
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
    assert checkout(baseline).mixture(seen.services[CHECKOUT], seen.start_unix_nano) == (1.0, 1.0)
    for number in range(60, 72):
        baseline.meet(bucket(number, order=2, look=3, ask=2))
    least, most = checkout(baseline).mixture(seen.services[CHECKOUT], seen.start_unix_nano)
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
    assert checkout(usual()).mixture(seen.services[CHECKOUT], seen.start_unix_nano)[0] == pytest.approx(8 / 48)
    assert found(seen, usual()) == []
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=0)
    assert [item.surprise < 0 for item in found(seen, usual())] == [True]


def test_where_operations_are_always_new_that_tells_nothing() -> None:
    """Names of spans hold what differs from request to request: what comes of these is missed all the same, also when
    there have been more of them than are remembered."""
    baseline = Baseline(max_operations=20)
    for number in range(60):
        baseline.learn(bucket(number, **{f"look at {number}": 20}, order=5))
    seen = window(72, **{"look at 72": 20}, order=5)
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=3)
    assert [item.surprise < 0 for item in found(seen, baseline)] == [True]


def test_a_release_that_renames_all_operations_hides_no_fall() -> None:
    seen = window(72, order=0, buy=5, look2=2, ask2=1)
    assert checkout(usual()).mixture(seen.services[CHECKOUT], seen.start_unix_nano) == (1.0, 1.0)
    assert [item.surprise < 0 for item in found(seen, usual())] == [True]


def test_what_was_asked_for_of_late_tells_only_of_what_follows() -> None:
    """A diagnosis of that time comes to the same whenever it is asked for; also users go on asking amid troubles."""
    baseline, seen = usual(), window(60, order=2, look=3, ask=2)
    before = checkout(baseline).mixture(seen.services[CHECKOUT], seen.start_unix_nano)
    for number in range(60, 72):
        baseline.meet(bucket(number, order=0, look=8, ask=1), troubled={CHECKOUT})
    assert checkout(baseline).mixture(seen.services[CHECKOUT], seen.start_unix_nano) == before
    next_one = window(72, order=2, look=3, ask=2)
    assert checkout(baseline).mixture(next_one.services[CHECKOUT], next_one.start_unix_nano)[0] < 0.6


def test_calls_that_came_for_a_while_may_be_over() -> None:
    """A job ran, and was learned from; once it has been there for long it is missed, and what was there from the start
    is, however little is known."""
    edge = EdgeKey(CHECKOUT, CRON)
    for baseline, ran, missed in ((usual(), 2, False), (usual(), 40, True), (Baseline(), 6, True)):
        for number in range(60, 60 + ran):
            made = bucket(number, order=5, look=2, ask=1)
            made.edges[edge] = EdgeStats(calls=20)
            baseline.learn(made)
        seen = union(bucket(100 + place, order=5, look=2, ask=1) for place in range(3))
        assert [item.peer == CRON for item in found(seen, baseline)] == [True] * missed


@pytest.mark.parametrize(("runs", "calls", "missing"), [(0, 0, False), (2, 6, False), (2, 0, True)])
def test_where_hardly_anything_came_that_leads_to_them_calls_are_not_missing(
    runs: int, calls: int, missing: bool
) -> None:
    """A relay that runs now and then makes three calls at once, and nothing else makes any."""
    edge, baseline = EdgeKey(CHECKOUT, CRON), Baseline()

    def relaying(number: int, load: int, relays: int, made_calls: int) -> Summary:
        made = bucket(number, order=5 * load, look=2 * load, relay=relays)
        made.edges[edge] = EdgeStats(calls=made_calls)
        return made

    for number in range(60):
        relays = int(number % 5 in (0, 2))
        baseline.learn(relaying(number, 1, relays, 3 * relays))
    seen = union((relaying(60, 3, runs, calls), relaying(61, 3, 0, 0), relaying(62, 3, 0, 0)))
    assert [item.peer == CRON for item in found(seen, baseline)] == [True] * missing


def job(number: int, runs: bool, orders: int = 6) -> Summary:
    """A job that begins once a bucket, beside what users ask for."""
    made = bucket(number, order=orders, refresh=int(runs))
    made.edges.clear()
    return made


def test_a_job_that_is_not_run_is_missed_while_other_work_goes_on() -> None:
    baseline, detector = Baseline(), Throughput(ThroughputConfig())
    for number in range(60):
        baseline.learn(job(number, runs=True))
    (item,) = detector.detect(union(job(60 + number, runs=False) for number in range(24)), baseline)
    assert (item.service, item.subject) == (CHECKOUT, "refresh")
    assert item.description == "refresh began 0 times where 24 are usual by the clock"
    assert not detector.detect(union(job(60 + number, runs=True) for number in range(24)), baseline)
    assert not detector.detect(union(job(60 + number, runs=False, orders=1) for number in range(24)), baseline)


def test_a_job_at_even_intervals_is_missed_after_a_few_of_them() -> None:
    baseline, detector = Baseline(), Throughput(ThroughputConfig())
    for number in range(60):
        baseline.learn(job(number, runs=number % 3 == 0))
    (item,) = detector.detect(union(job(60 + number, runs=False) for number in range(12)), baseline)
    assert (item.subject, item.surprise < -4.0) == ("refresh", True)
    assert not detector.detect(union(job(60 + number, runs=number == 0) for number in range(12)), baseline)
    assert not detector.detect(union(job(60 + number, runs=False) for number in range(4)), baseline)


def test_what_users_ask_for_evenly_is_no_job() -> None:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, order=5, look=20))
    assert not Throughput(ThroughputConfig()).detect(window(60, order=50, look=0), baseline)


def branching(number: int, first: int, second: int, failed: int = 0) -> Summary:
    """Of ten orders some are paid by the one and some by the other."""
    made = bucket(number, order=10)
    made.edges = {
        EdgeKey(CHECKOUT, PAYMENT): EdgeStats(calls=first),
        EdgeKey(CHECKOUT, CRON): EdgeStats(calls=second, errors=failed),
    }
    return made


@pytest.mark.parametrize(
    ("first", "second", "failed", "surprises"),
    [
        (6, 24, 0, []),  # The other branch.
        (6, 6, 0, [-1]),  # Half of the orders are not paid at all.
        (24, 24, 0, [1]),  # Many are paid twice.
        (6, 24, 20, [1, -1]),  # Some are tried again until others are given up.
    ],
)
def test_what_another_callee_makes_up_for_is_the_other_branch(
    first: int, second: int, failed: int, surprises: list[int]
) -> None:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(branching(number, 8, 2))
    seen = union(branching(72 + place, first // 3, second // 3, failed // 3) for place in range(3))
    assert [1 if item.surprise > 0 else -1 for item in found(seen, baseline)] == surprises


def test_what_is_refused_before_another_is_asked_is_no_branch() -> None:
    """A failover: half of each call is all there is of those that were refused."""
    baseline = Baseline()
    for number in range(60):
        baseline.learn(branching(number, 8, 2))
    seen = union(branching(72 + place, 0, 9) for place in range(3))
    seen.edges[EdgeKey(CHECKOUT, PAYMENT, inferred=True)] = EdgeStats(calls=3, errors=3)
    assert {item.peer for item in found(seen, baseline)} == {PAYMENT, CRON}


def test_what_varies_by_chance_makes_up_for_nothing() -> None:
    """Many calls of one are a few more or less: no payment is missed among them."""
    baseline = Baseline()
    for number in range(60):
        baseline.learn(branching(number, 10, 1000 + 15 * (-1) ** number))
    seen = union(branching(72 + place, 0, 1012) for place in range(3))
    assert [item.peer for item in found(seen, baseline)] == [PAYMENT]


def test_what_there_is_more_of_once_makes_up_for_one_fall_alone() -> None:
    baseline, others = Baseline(), [service_key(name) for name in ("tax", "stock", "mail", "price")]
    for number in range(60):
        usually = branching(number, 10, 10)
        usually.edges |= {EdgeKey(CHECKOUT, other): EdgeStats(calls=10) for other in others}
        baseline.learn(usually)
    seen = union(branching(72 + place, 20, 10) for place in range(3))
    assert {item.peer for item in found(seen, baseline)} == set(others)


@pytest.mark.parametrize("buckets", [1, 2, 3])
def test_names_that_last_for_a_moment_hide_nothing(buckets: int) -> None:
    """Each job has a name of its own, and is asked about for a few buckets."""

    def polled(number: int) -> Summary:
        return bucket(number, order=5, **{f"job {number - age}": 10 for age in range(buckets)})

    baseline = Baseline()
    for number in range(100):
        baseline.learn(polled(number))
    seen = union(polled(104 + place) for place in range(3))
    seen.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=0)
    assert [item.peer for item in found(seen, baseline)] == [PAYMENT]
