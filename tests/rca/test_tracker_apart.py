"""Several incidents at a time: what is one failure, and what is two."""

from dataclasses import replace

import pytest

from analyzers.service import ServiceKey
from rca.explanation import diagnose
from rca.graph import ServiceGraph
from rca.tracker import diagnosed
from tests.rca.findings import CATALOG, CHECKOUT, FRONTEND, MAIL, PAYMENT, SHOP, finding
from tests.rca.test_tracker import STRONG, TIMES, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_second_failure_elsewhere_is_a_second_incident_though_calls_connect_them(clock: Clock) -> None:
    clock.window(STRONG, finding(CHECKOUT, "error_share", 9.0))
    first = clock.only()
    assert first.core == tuple(sorted({PAYMENT, CHECKOUT}))
    while clock.now <= first.create_unix_nano + TIMES.together:
        clock.window(STRONG)
    # Frontend calls both. Alone it is another failure, with either of them it may be the same.
    clock.window(STRONG, finding(FRONTEND, "error_share", 9.0))
    assert FRONTEND in clock.only().services
    clock.window(finding(FRONTEND, "self_time", 9.0))
    assert {item.core for item in clock.tracker.live} == {first.core, (FRONTEND,)}


def test_who_suffers_from_two_failures_does_not_make_them_one(clock: Clock) -> None:
    suffers = finding(FRONTEND, "error_share", 9.0)
    clock.window(STRONG, suffers)
    while clock.now <= clock.only().create_unix_nano + TIMES.together:
        clock.window(STRONG, suffers)
    clock.window(STRONG, suffers, finding(CATALOG, "self_time", 9.0))
    assert {item.core for item in clock.tracker.live} == {tuple(sorted({PAYMENT, FRONTEND})), (CATALOG,)}


def test_two_that_begin_at_once_are_one_until_it_is_known_better(clock: Clock) -> None:
    clock.window(STRONG, finding(FRONTEND, "error_share", 9.0))
    clock.window(STRONG, finding(FRONTEND, "error_share", 9.0), finding(CATALOG, "self_time", 9.0))
    assert CATALOG in clock.only().core


@pytest.mark.parametrize("number", range(12))
def test_once_a_diagnosis_tells_two_apart_they_are_two(clock: Clock, number: int) -> None:
    """Frontend calls both, and suffers from both; of the second there is more than enough for an incident."""
    found = (
        STRONG,
        finding(FRONTEND, "error_share", 9.0),
        finding(CATALOG, "self_time", 30.0, subject=f"List{number}"),
    )
    clock.window(*found)
    first = clock.only()
    assert CATALOG in first.core
    clock.tracker.put(diagnosed(first, diagnose(found, SHOP, (), clock.now), found))
    clock.window(*found)
    one, other = sorted(clock.tracker.live, key=lambda item: item.create_unix_nano)
    assert (one.incident_id, one.apart, other.services) == (first.incident_id, (CATALOG,), (CATALOG,))
    for _ in range(3):
        clock.window(*found)
    assert {item.incident_id for item in clock.tracker.live} == {one.incident_id, other.incident_id}
    assert all(item.seen_unix_nano == clock.now for item in clock.tracker.live)


def test_what_only_callers_tell_of_is_not_told_apart(clock: Clock) -> None:
    calls = [finding(item, "edge_errors", 30.0, peer=FRONTEND) for item in (CHECKOUT, CATALOG)]
    found = (*calls, finding(FRONTEND, "error_share", 9.0))
    clock.window(*found)
    first = clock.only()
    clock.tracker.put(diagnosed(first, diagnose(found, SHOP, (), clock.now), found))
    clock.window(*found)
    assert clock.only().incident_id == first.incident_id


def test_two_faults_that_are_not_connected_are_two_incidents(clock: Clock) -> None:
    opened = clock.window(STRONG, finding(MAIL, "span_errors", 30.0))
    assert [incident.services for incident in opened] in ([(PAYMENT,), (MAIL,)], [(MAIL,), (PAYMENT,)])
    assert len({incident.incident_id for incident in opened}) == 2


def logged(graph: ServiceGraph, service: ServiceKey) -> ServiceGraph:
    """The same with one that sends logs and no spans."""
    nodes = (replace(node, spans=0, records=9) if node.service == service else node for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


@pytest.mark.parametrize("at_once", [True, False])
def test_what_sends_logs_alone_joins_what_began_at_about_the_same_time(clock: Clock, at_once: bool) -> None:
    """As what stands in front of all others often does."""
    errors = finding(MAIL, "error_share", 30.0)
    clock.graph = logged(SHOP, MAIL)
    clock.window(STRONG, *([errors] if at_once else []))
    clock.window(STRONG, errors)
    assert clock.only().services == (MAIL, PAYMENT)


def test_what_sends_logs_alone_is_another_incident_when_it_begins_later(clock: Clock) -> None:
    clock.graph = logged(SHOP, MAIL)
    clock.window(STRONG)
    while clock.now <= clock.only().create_unix_nano + TIMES.together:
        clock.window(STRONG)
    clock.window(STRONG, finding(MAIL, "error_share", 30.0))
    assert len(clock.tracker.live) == 2
