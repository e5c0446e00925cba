"""Where there are no spans, the traces that logs name tell whose errors follow whose."""

from dataclasses import replace

import pytest

from analyzers.census import OTHER_SERVICE
from analyzers.erring import MOST, added
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from rca.following import Following, following
from rca.graph import build_graph
from rca.ranking import rank
from tests.rca.findings import CHECKOUT, FRONTEND, NOON, PAYMENT, SECOND, finding, log

# Checkout is louder; payment fails first.
FOUND = (
    finding(CHECKOUT, "new_template", 40.0),
    finding(CHECKOUT, "error_share", 20.0),
    finding(PAYMENT, "error_share", 12.0),
)


def logged(**first: dict[int, int]) -> Summary:
    """Of services, the traces in which they logged errors and when first."""
    made = Summary(NOON, NOON + 15 * SECOND)
    for name, traces in first.items():
        service = made.service(ServiceKey(CHECKOUT.environment, CHECKOUT.namespace, name))
        service.records, service.erring = 90, added({}, traces)
    return made


def traces(count: int, at: int, step: int = 1) -> dict[int, int]:
    return {number: NOON + number * SECOND + at for number in range(0, step * count, step)}


AFTER = logged(payment=traces(20, at=0), checkout=traces(10, at=5))


def test_errors_that_follow_others_are_told_with_how_often() -> None:
    assert list(following(AFTER)) == [Following(CHECKOUT, PAYMENT, 10, 10)]


def test_of_many_traces_only_those_are_compared_that_both_would_have_kept() -> None:
    """Payment fails in ten times as many traces: most of those that checkout keeps are beyond its sample."""
    (found,) = following(logged(payment=traces(2000, at=0), checkout=traces(200, at=5, step=5)))
    assert found == Following(CHECKOUT, PAYMENT, found.of, found.of)
    assert 4 <= found.of < MOST


@pytest.mark.parametrize(
    "made",
    [
        logged(payment=traces(3, at=0), checkout=traces(3, at=5)),
        logged(payment=traces(7, at=0), checkout=traces(10, at=5)),
        logged(payment=traces(20, at=5), checkout=traces(20, at=5)),
        logged(payment=traces(20, at=0), checkout={100 + number: NOON for number in range(20)}),
    ],
    ids=["too few", "too often without", "at the same time", "other traces"],
)
def test_chance_is_no_order(made: Summary) -> None:
    assert list(following(made)) == []


def test_an_id_that_is_always_the_same_is_no_trace() -> None:
    many = {f"service-{number}": {1: NOON + number, 2: NOON + number, 3: NOON, 4: NOON} for number in range(300)}
    assert list(following(logged(**many))) == []


def test_who_errs_long_after_was_not_told_by_the_first() -> None:
    """It hung, and found later that nobody waits any more."""
    late = {trace: time + 4 * SECOND for trace, time in traces(10, at=0).items()}
    assert list(following(logged(payment=traces(20, at=0), checkout=late))) == []


def test_of_a_long_chain_the_surest_few_are_told() -> None:
    chain = {f"service-{number}": traces(10, at=number) for number in range(8)}
    found = list(following(logged(**chain)))
    assert max(sum(1 for item in found if item.service == service) for service in {item.service for item in found}) == 3


def test_services_without_a_place_of_their_own_are_many() -> None:
    made = logged(checkout=traces(10, at=5))
    made.service(OTHER_SERVICE).erring = traces(10, at=0)
    assert list(following(made)) == []


def test_whoever_passes_on_an_error_is_not_to_blame_however_loud() -> None:
    assert rank(FOUND, build_graph(logged(payment={}, checkout={})))[0].service == CHECKOUT
    first, second = rank(FOUND, build_graph(AFTER))
    assert (first.service, second.service) == (PAYMENT, CHECKOUT)
    (against,) = (item for item in second.evidence if item.contribution < 0)
    assert against.description == "in 10 of 10 traces in which it logged an error, payment had logged one"
    assert against.anomaly_ids == (FOUND[2].anomaly_id,)


def test_where_spans_tell_who_calls_whom_the_order_of_logs_is_not_asked_for() -> None:
    """Clocks differ; halves of a call fit into each other all the same."""
    made = logged(payment=traces(20, at=0), checkout=traces(10, at=5))
    made.service(FRONTEND).spans = 3
    assert build_graph(made).following == ()


def test_whoever_gives_up_first_and_says_on_whom_has_waited_for_it() -> None:
    """Payment hung for two seconds and a bit: it fails after checkout gave up."""
    told = replace(FOUND[0], subject="no answer from payment within <*>", exemplars=(log("no answer from payment"),))
    made = logged(payment=traces(10, at=5), checkout=traces(10, at=0))
    assert [item.first for item in following(made)] == [CHECKOUT]
    assert rank([told, *FOUND[1:]], build_graph(made))[0].service == PAYMENT


def test_one_that_is_as_usual_explains_nothing() -> None:
    others = [finding(FRONTEND, "error_share", 12.0), *FOUND[:2]]
    assert rank(others, build_graph(AFTER))[0].service == CHECKOUT
