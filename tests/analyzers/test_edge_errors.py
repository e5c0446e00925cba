"""Calls that nobody answers, of callees that usually do."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.edge_errors import EdgeErrors, EdgeErrorsConfig
from analyzers.service import service_key
from analyzers.summary import EdgeKey, EdgeStats, Summary
from tests.analyzers.telemetry import CHECKOUT, NOON, PAYMENT, SECOND

ANSWERED = EdgeKey(CHECKOUT, PAYMENT)
# Of calls without an answer there is the caller's half alone.
UNHEARD = EdgeKey(CHECKOUT, PAYMENT, inferred=True)
BUCKET = 5 * SECOND


def bucket(number: int, answered: int, failed: int, unheard: int = 0) -> Summary:
    """So many calls that were answered, that failed without an answer, and whose other half got lost."""
    made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
    made.service(CHECKOUT).operations = {}
    made.services[CHECKOUT].spans = answered + failed + unheard
    if answered:
        made.edges[ANSWERED] = EdgeStats(calls=answered)
    if failed or unheard:
        made.edges[UNHEARD] = EdgeStats(calls=failed + unheard, errors=failed)
    return made


def learned(*buckets: Summary) -> Baseline:
    baseline = Baseline()
    for item in buckets:
        baseline.learn(item)
    return baseline


def found(seen: Summary, baseline: Baseline) -> list[Anomaly]:
    return EdgeErrors(EdgeErrorsConfig()).detect(seen, baseline)


USUALLY = [bucket(number, 6, 0) for number in range(40)]


def test_the_first_of_them_are_not_what_is_usual() -> None:
    """Two were learned before anybody took notice: all of their kind had failed, but hardly any of the calls."""
    baseline = learned(*USUALLY, bucket(40, 4, 2))
    (item,) = found(bucket(41, 3, 12), baseline)
    assert (item.service, item.peer) == (PAYMENT, CHECKOUT)
    assert item.surprise > 4.5
    assert item.observed == 0.8
    assert "12 calls from checkout to payment failed without an answer" in item.description


def test_a_half_that_got_lost_once_does_not_make_them_unheard_of_ever_after() -> None:
    baseline = learned(*USUALLY, bucket(40, 5, 0, unheard=1))
    (item,) = found(bucket(41, 3, 12), baseline)
    assert item.surprise > 4.5


def test_a_few_of_those_that_always_fail_are_none() -> None:
    baseline = learned(*(bucket(number, 5, 1) for number in range(40)))
    assert found(bucket(41, 25, 5), baseline) == []


def test_halves_that_get_lost_are_no_failures() -> None:
    assert found(bucket(41, 0, 0, unheard=30), learned(*USUALLY)) == []


def test_a_peer_that_never_answers_with_spans_is_judged_by_its_errors() -> None:
    baseline = learned(*(bucket(number, 0, 0, unheard=6) for number in range(40)))
    (item,) = found(bucket(41, 0, 12), baseline)
    assert item.service == PAYMENT


def test_where_halves_always_get_lost_those_of_calls_that_fail_do_as_well() -> None:
    """Payment fails itself, and says so wherever its half is there: of two fifths it never is."""
    baseline = learned(*(bucket(number, 6, 0, unheard=4) for number in range(40)))
    failing = bucket(41, 30, 12, unheard=8)
    failing.edges[ANSWERED].errors = 18
    assert found(failing, baseline) == []
    failing.edges[ANSWERED].errors = 0
    (item,) = found(failing, baseline)
    assert "12 calls from checkout to payment failed without an answer" in item.description


def test_whom_a_caller_never_called_is_expected_to_answer_as_others_do() -> None:
    """A wrong address: all that is called there fails, and of it alone nothing is usual."""
    stranger = EdgeKey(CHECKOUT, service_key("paymnet"), inferred=True)
    failing = bucket(41, 6, 0)
    failing.edges[stranger] = EdgeStats(calls=6, errors=6)
    (item,) = found(failing, learned(*USUALLY))
    assert (item.service.name, item.peer) == ("paymnet", CHECKOUT)
    assert item.surprise > 3.5
    assert found(failing, learned(*(bucket(number, 0, 3, unheard=3) for number in range(40)))) == []


def test_who_failed_from_its_first_calls_on_is_no_news_once_that_is_known() -> None:
    stranger = EdgeKey(CHECKOUT, service_key("paymnet"), inferred=True)
    surprises = []
    for known in (0, 1, 40):
        before = [bucket(number, 6, 0) for number in range(40)]
        for item in before[:known]:
            item.edges[stranger] = EdgeStats(calls=6, errors=6)
        failing = bucket(41, 6, 0)
        failing.edges[stranger] = EdgeStats(calls=6, errors=6)
        surprises.append(sum(item.surprise for item in found(failing, learned(*before))))
    assert surprises[0] > surprises[1] >= surprises[2] == 0.0


@pytest.mark.parametrize(
    ("known", "server", "new"),
    [
        (40, "payment-old", True),
        (20, "payment-old", False),
        (40, "payment", False),
        (40, "10.1.2.3", False),
        (40, "10.1.2.3:8080", False),
    ],
)
def test_a_name_that_nobody_ever_called_is_told_from_one_that_is_known(known: int, server: str, new: bool) -> None:
    """Not from an address, which is another one whenever somebody is started anew; nor before others are known."""
    seen = bucket(41, 0, 0)
    seen.services[CHECKOUT].spans = 12
    seen.edges[EdgeKey(CHECKOUT, service_key(server), inferred=True)] = EdgeStats(calls=12, errors=12)
    (item,) = found(seen, learned(*USUALLY[:known]))
    assert item.new_name == new
