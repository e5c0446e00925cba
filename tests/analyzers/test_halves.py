"""Halves of calls whose callers say neither their kind nor whom they call."""

from copy import deepcopy
from functools import cache

import pytest

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline, EdgeBaseline
from analyzers.detectors.edge_calls import EdgeCalls, EdgeCallsConfig
from analyzers.detectors.edge_errors import EdgeErrors, EdgeErrorsConfig
from analyzers.detectors.span_errors import SpanErrors, SpanErrorsConfig
from analyzers.halves import Halves
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, Summary, union
from tests.analyzers.telemetry import CHECKOUT, MAILER, MILLI, NOON, PAYMENT, SECOND, Slice, closed, span

LEARNED = 200
CALL = "POST /charge"


def request(made: Slice, number: int, answered: bool = True, failed: bool = False, call: str = CALL) -> None:
    """checkout calls payment once, and does some work of its own inside."""
    at = NOON + number * SECOND // 4
    trace_id = number.to_bytes(16, "big")
    ends = at + (20 * MILLI if answered else 900 * MILLI)
    if answered:
        made.span(PAYMENT, span(CALL, at + 4 * MILLI, at + 15 * MILLI, trace_id, b"payment.", b"calling."))
    made.span(CHECKOUT, span(call, at + 3 * MILLI, ends, trace_id, b"calling.", b"checkout", error=failed))
    made.span(CHECKOUT, span("price", at + MILLI, at + 2 * MILLI, trace_id, b"pricing.", b"checkout"))
    made.span(CHECKOUT, span("POST /order", at, ends + MILLI, trace_id, b"checkout", error=failed))


def slices(first: int, seconds: int, answered: bool = True, failed: bool = False, call: str = CALL) -> list[Slice]:
    made = []
    for second in range(first, first + seconds):
        made.append(Slice())
        for number in range(4):
            request(made[-1], second * 4 + number, answered or number == 0, failed and number > 0, call)
    return made


@cache
def known(call: str = CALL) -> Baseline:
    baseline = Baseline()
    for bucket in closed(slices(0, LEARNED, call=call)):
        baseline.learn(bucket)
    return baseline


def window(answered: bool, failed: bool, call: str = CALL) -> Summary:
    return union(closed(slices(LEARNED, 15, answered, failed, call)))


def found(seen: Summary, baseline: Baseline) -> list[Anomaly]:
    detectors = (SpanErrors(SpanErrorsConfig()), EdgeErrors(EdgeErrorsConfig()))
    return [item for detector in detectors for item in detector.detect(seen, baseline)]


@pytest.mark.parametrize("call", [CALL, "HTTP POST", "payment:8080/*"])
def test_a_call_that_is_not_answered_is_told_of_whom_it_calls(call: str) -> None:
    (item,) = found(window(answered=False, failed=True, call=call), known(call))
    assert (item.detector, item.service, item.peer) == ("edge_errors", PAYMENT, CHECKOUT)
    assert item.observed == pytest.approx(0.75)
    assert item.subject == "checkout -> payment"
    assert "45 calls from checkout to payment failed without an answer" in item.description
    assert item.trace_ids


def test_a_proxy_tells_by_name_whom_it_passes_a_request_on_to() -> None:
    """It does nothing else: requests enter by what has the name of the callee."""

    def passing(first: int, seconds: int, call: str, answered: bool = True) -> list[Summary]:
        made = []
        for second in range(first, first + seconds):
            made.append(Slice())
            for number in range(second * 4, second * 4 + 4):
                at, trace_id = NOON + number * SECOND // 4, number.to_bytes(16, "big")
                if answered:
                    made[-1].span(
                        PAYMENT, span("pay", at + 4 * MILLI, at + 15 * MILLI, trace_id, b"payment.", b"passing.")
                    )
                made[-1].span(CHECKOUT, span(call, at, at + 20 * MILLI, trace_id, b"passing.", error=not answered))
        return closed(made)

    for call, told in (("payment:8080/*", PAYMENT), ("payments", CHECKOUT)):
        baseline = Baseline()
        for bucket in passing(0, LEARNED, call):
            baseline.learn(bucket)
        (item,) = found(union(passing(LEARNED, 15, call, answered=False)), baseline)
        assert item.service == told


def test_one_that_fails_though_it_was_answered_is_the_callers_own() -> None:
    (item,) = found(window(answered=True, failed=True), known())
    assert (item.detector, item.service, item.subject) == ("span_errors", CHECKOUT, CALL)


def test_halves_are_told_by_what_is_usual() -> None:
    seen = window(answered=False, failed=True)
    operations = seen.services[CHECKOUT].operations
    calling = Halves(known()).of(CHECKOUT, CALL, operations[CALL])
    assert calling is not None
    assert (calling.callee, calling.unanswered) == (PAYMENT, 45)
    for name in ("price", "POST /order"):
        assert Halves(known()).of(CHECKOUT, name, operations[name]) is None
    assert Halves(Baseline()).of(CHECKOUT, CALL, operations[CALL]) is None


@pytest.mark.parametrize(("call", "callee"), [(CALL, PAYMENT), ("HTTP POST", None)])
def test_of_several_it_is_the_one_that_knows_the_call(call: str, callee: ServiceKey | None) -> None:
    baseline = deepcopy(known(call))
    baseline.edges[EdgeKey(CHECKOUT, MAILER)] = EdgeBaseline()
    stats = window(answered=False, failed=True, call=call).services[CHECKOUT].operations[call]
    calling = Halves(baseline).of(CHECKOUT, call, stats)
    assert (calling.callee if calling is not None else None) == callee


def test_more_halves_without_the_other_are_not_more_calls() -> None:
    """Some of payment's spans always got lost; now more of them do."""
    joined, unheard = EdgeKey(CHECKOUT, PAYMENT), EdgeKey(CHECKOUT, PAYMENT, inferred=True)
    baseline = deepcopy(known())
    baseline.edges[unheard] = EdgeBaseline(calls=Rate(8.0, 800.0))
    seen = window(answered=True, failed=False)
    seen.edge(unheard).calls = 20
    seen.edges[joined].calls -= 20
    assert EdgeCalls(EdgeCallsConfig()).detect(seen, baseline) == []
    # Of a peer that never sends any, that is what calls there are.
    del baseline.edges[joined]
    (item,) = EdgeCalls(EdgeCallsConfig()).detect(seen, baseline)
    assert (item.service, item.peer, item.surprise > 0) == (CHECKOUT, PAYMENT, True)
