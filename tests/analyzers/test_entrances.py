"""Whose work comes from where: what enters elsewhere explains nothing, and who is called is no entrance."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.throughput import Throughput, ThroughputConfig
from analyzers.entrances import Entrances
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary
from tests.analyzers.telemetry import CHECKOUT, CRON, FRONTEND, NOON, PAYMENT, SECOND

BUCKET = 5 * SECOND


def bucket(number: int, browse: int, order: int, dead: bool = False, jobs: int = 0) -> Summary:
    """Every order goes from the frontend to checkout and payment; `dead` is checkout. Jobs of cron call nobody."""
    made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
    _work(made, FRONTEND, {"browse": browse, "order": order})
    _work(made, CRON, {"job": jobs})
    passed = 0 if dead else order
    # It says that it is alive, whatever it has to do.
    _work(made, PAYMENT, {"charge": passed})
    if not dead:
        _work(made, CHECKOUT, {"buy": passed})
        made.edges[EdgeKey(FRONTEND, CHECKOUT)] = EdgeStats(calls=passed)
        made.edges[EdgeKey(CHECKOUT, PAYMENT)] = EdgeStats(calls=passed)
    return made


def _work(made: Summary, service: ServiceKey, calls: dict[str, int]) -> None:
    summary = made.service(service)
    summary.operations = {name: OperationStats(calls=count, entries=count) for name, count in calls.items() if count}
    summary.spans = sum(calls.values())
    summary.records = 5


def known() -> Baseline:
    baseline = Baseline()
    for number in range(40):
        baseline.learn(bucket(number, 60, 20, jobs=20 if number % 4 == 0 else 0))
    return baseline


def found(seen: Summary) -> list[Anomaly]:
    return Throughput(ThroughputConfig()).detect(seen, known())


def test_those_who_are_asked_for_less_are_not_at_fault() -> None:
    assert found(bucket(41, 78, 2)) == []
    assert Entrances(known(), bucket(41, 78, 2)).mixture(PAYMENT)[0] < 0.3


def test_who_is_called_no_more_is_no_entrance() -> None:
    """Payment is alive and has nothing to do: its silence does not say that users want something else."""
    assert {item.service for item in found(bucket(41, 60, 20, dead=True))} == {CHECKOUT, PAYMENT}


def test_what_enters_elsewhere_explains_nothing() -> None:
    seen = bucket(41, 60, 20, jobs=0)
    assert Entrances(known(), seen).mixture(PAYMENT)[0] > 0.8
    assert Entrances(known(), seen).mixture(FRONTEND)[0] > 0.8


def test_jobs_of_those_who_are_usually_called_are_no_load() -> None:
    """At night nobody orders anything; payment cleans up as ever."""
    baseline = known()
    # Days later.
    baseline.half_life = 60 * SECOND
    for number in range(40, 200):
        baseline.learn(bucket(number, 60, 20, jobs=20 if number % 4 == 0 else 0))
    night = bucket(200, 0, 0)
    night.edges.clear()
    _work(night, PAYMENT, {"clean up": 20})
    assert baseline.work_entered(night) == 0.0
    assert Throughput(ThroughputConfig()).detect(night, baseline) == []


def test_whom_nobody_comes_to_any_more_has_nothing_to_do() -> None:
    """Users come by another entrance, that leads elsewhere."""

    def coming(number: int, web: int, mobile: int) -> Summary:
        made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
        for service, calls in ((FRONTEND, web), (CHECKOUT, mobile), (PAYMENT, web)):
            _work(made, service, {"serve": calls})
        made.edges[EdgeKey(FRONTEND, PAYMENT)] = EdgeStats(calls=web)
        return made

    baseline = Baseline()
    for number in range(60):
        baseline.learn(coming(number, 50 + number % 3, 50 - number % 3))
    for web, mobile in ((10, 90), (0, 100)):
        seen = coming(70, web, mobile)
        assert Entrances(baseline, seen).mixture(PAYMENT)[0] == pytest.approx(web / 51, rel=0.05)
        assert Throughput(ThroughputConfig()).detect(seen, baseline) == []


@pytest.mark.parametrize(("bought", "missed"), [(20, set()), (0, {CHECKOUT, PAYMENT})])
def test_who_comes_beside_the_others_may_ask_for_nothing(bought: int, missed: set[ServiceKey]) -> None:
    """Somebody tries all doors, and all requests have one name: those behind do their usual work, or not."""

    def asked(number: int, entered: int, bought: int) -> Summary:
        made = bucket(number, 0, bought)
        _work(made, FRONTEND, {"GET": entered})
        return made

    baseline = Baseline()
    for number in range(40):
        baseline.learn(asked(number, 80, 20))
    detector = Throughput(ThroughputConfig())
    assert {item.service for item in detector.detect(asked(41, 400, bought), baseline)} == missed
