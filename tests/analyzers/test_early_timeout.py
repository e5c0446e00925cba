"""Whose fault it is that calls are not answered in time: the callee's, or of who does not wait."""

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors.early_timeout import EarlyTimeout, EarlyTimeoutConfig
from analyzers.detectors.edge_errors import EdgeErrors, EdgeErrorsConfig
from analyzers.service import service_key
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, EdgeStats, Summary
from tests.analyzers.telemetry import CHECKOUT, MILLI, NOON, PAYMENT, SECOND

ANSWERED = EdgeKey(CHECKOUT, PAYMENT)
# Of calls without an answer there is the caller's half alone, at first.
UNHEARD = EdgeKey(CHECKOUT, PAYMENT, inferred=True)
ADDRESS = service_key("payment.prod")
BUCKET = 5 * SECOND
IN_TIME = (16, 18, 20, 22, 24)


def bucket(
    number: int,
    in_time: tuple[int, ...] = IN_TIME,
    late: tuple[int, ...] = (),
    given_up: tuple[int, ...] = (),
) -> Summary:
    """Milliseconds that answers took which came in time, or when nobody waited; and those after which calls were given
    up."""
    made = Summary(NOON + number * BUCKET, NOON + (number + 1) * BUCKET)
    made.service(CHECKOUT).spans = len(in_time) + len(given_up)
    took = Sketch.of(item * MILLI for item in (*in_time, *late))
    made.edges[ANSWERED] = EdgeStats(took.count, duration=took, gap=Sketch.of(MILLI for _ in in_time))
    if given_up:
        waited = Sketch.of(item * MILLI for item in given_up)
        made.edges[UNHEARD] = EdgeStats(waited.count, errors=waited.count, duration=waited)
    return made


def learned(usual: Summary) -> Baseline:
    baseline = Baseline()
    for number in range(40):
        usual.start_unix_nano, usual.end_unix_nano = NOON + number * BUCKET, NOON + (number + 1) * BUCKET
        baseline.learn(usual)
    return baseline


def found(seen: Summary, baseline: Baseline) -> list[Anomaly]:
    detectors = (EarlyTimeout(EarlyTimeoutConfig()), EdgeErrors(EdgeErrorsConfig()))
    return [item for detector in detectors for item in detector.detect(seen, baseline)]


def test_who_does_not_wait_as_long_as_answers_take_is_told_of() -> None:
    seen = bucket(41, in_time=(16, 17), late=(20, 22, 24, 21), given_up=(18, 18, 18, 18))
    (item,) = found(seen, learned(bucket(0)))
    assert (item.detector, item.service, item.peer) == ("early_timeout", CHECKOUT, PAYMENT)
    assert item.observed == pytest.approx(0.4)
    assert item.description.startswith("checkout gave up 4 calls of payment, which answers as fast as ever")


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(bucket(41, (16, 17), (), (18, 18, 18, 18)), id="nobody ever answers"),
        pytest.param(bucket(41, (16, 17), (20, 22, 24, 21), (200, 200, 200, 200)), id="it waited long"),
        pytest.param(bucket(41, (16, 17), (90, 80, 85, 99, 87), (30, 30, 30, 30, 30)), id="answers are slow"),
    ],
)
def test_it_is_the_callee_unless_it_answers_as_ever(seen: Summary) -> None:
    (item,) = found(seen, learned(bucket(0)))
    assert (item.detector, item.service, item.peer) == ("edge_errors", PAYMENT, CHECKOUT)


@pytest.mark.parametrize(("known", "detector"), [(False, "early_timeout"), (True, "edge_errors")])
def test_late_answers_to_an_address_are_those_of_whoever_answers_there(known: bool, detector: str) -> None:
    """A proxy does, under its own name. Of a service that is known by that name they would be its own."""
    usual, seen = bucket(0), bucket(41, (16, 17), (20, 22, 24, 21), (18, 18, 18, 18))
    seen.edges[EdgeKey(CHECKOUT, ADDRESS, inferred=True)] = seen.edges.pop(UNHEARD)
    if known:
        usual.service(ADDRESS).spans = 5
    (item,) = found(seen, learned(usual))
    assert item.detector == detector
    assert {item.service, item.peer} == {CHECKOUT, ADDRESS}


def test_of_many_at_once_some_are_never_answered() -> None:
    """Where it gives up when half of all calls usually would not be answered yet, a few late answers will do."""
    for waited, detector in ((20, "early_timeout"), (29, "edge_errors")):
        (item,) = found(bucket(41, (16, 17), (21, 24, 22, 20), (waited,) * 12), learned(bucket(0)))
        assert item.detector == detector


def test_halves_that_got_lost_tell_nothing_of_how_long_it_waited() -> None:
    """Half of the callee's spans never arrive: of these calls the caller's half is all there is, and most went well."""
    always, seen = bucket(0, in_time=IN_TIME), bucket(41, in_time=(16, 17), late=(20, 22, 24, 21))
    for made, failed in ((always, 0), (seen, 4)):
        waited = Sketch.of([18 * MILLI] * 5 + [30_000 * MILLI] * failed)
        made.edges[UNHEARD] = EdgeStats(waited.count, errors=failed, duration=waited)
    (item,) = found(seen, learned(always))
    assert item.detector == "edge_errors"


def test_what_always_ends_after_its_caller_tells_nothing() -> None:
    """Of those who start a call and do something else, the other half always is late."""
    always = bucket(0, in_time=(), late=IN_TIME)
    (item,) = found(bucket(41, in_time=(), late=(20, 22, 24, 21), given_up=(18, 18, 18, 18)), learned(always))
    assert item.detector == "edge_errors"


def test_it_is_normal_once_it_is_learned() -> None:
    always = bucket(0, in_time=(16, 17), late=(20, 22), given_up=(18, 18))
    assert found(bucket(41, in_time=(16, 17), late=(20, 22), given_up=(18, 18)), learned(always)) == []
