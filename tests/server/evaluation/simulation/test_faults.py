"""Each kind of fault does what it says, from its time on, where it says, and nothing elsewhere."""

from typing import Any

import pytest

from server.config import SECOND
from tests.server.evaluation.simulation.observed import Observed, SentSpan, observe
from tests.server.evaluation.simulation.small import START, small

SERVER, CLIENT, CONSUMER = 2, 3, 5
AT = START + 5 * SECOND
MARGIN = SECOND // 2


def broken(system: dict[str, Any] | None = None, /, **fault: Any) -> Observed:
    """The small system with changes to its services, and the fault from the fifth second on."""
    seen = observe(small(services=system or {}, faults=[{"at": "5s", **fault}]))
    assert not any(item.failed for item in seen.all_spans if item.span.end_time_unix_nano < AT)
    return seen


def median(spans: list[SentSpan]) -> float:
    times = sorted(item.milliseconds for item in spans)
    return times[len(times) // 2]


def both(seen: Observed, service: str, kind: int) -> tuple[list[SentSpan], list[SentSpan]]:
    """Before and during the fault."""
    during = seen.spans(service, kind, AT + MARGIN)
    return [item for item in seen.spans(service, kind) if item.span.end_time_unix_nano < AT], during


def test_slow() -> None:
    seen = broken(kind="slow", service="middle", factor=10)
    before, during = both(seen, "middle", SERVER)
    assert median(during) > median(before) + 12
    assert not any(item.failed for item in seen.all_spans)


def test_slow_on_one_pod() -> None:
    seen = broken({"middle": {"pods": 2}}, kind="slow", service="middle", pod=1, factor=20)
    _, during = both(seen, "middle", SERVER)
    pods = {item.pod: median([other for other in during if other.pod == item.pod]) for item in during}
    assert len(pods) == 2
    assert max(pods.values()) > min(pods.values()) + 25


def test_exception() -> None:
    seen = broken(kind="exception", service="middle", type="RowError", message="row of {order} is bad")
    _, during = both(seen, "middle", SERVER)
    assert {(item.failed, item.attribute("error.type")) for item in during} == {(True, "RowError")}
    assert all(item.failed for item in both(seen, "front", SERVER)[1])
    line = seen.logs("middle", "row of")[0]
    assert {item.key for item in line.record.attributes} == {"exception.type", "exception.stacktrace"}
    assert "\n\tat middle." in line.body
    assert not seen.logs("middle", "done with", AT + MARGIN)
    assert seen.logs("middle", "working on", AT + MARGIN)


def test_wrong_return() -> None:
    seen = broken(kind="wrong_return", service="middle", log="no rows for {order}")
    assert not any(item.failed for item in seen.all_spans)
    assert {item.record.severity_number for item in seen.logs("middle", "no rows for")} == {17}
    assert seen.logs("front", "answered with an error message")
    assert not seen.logs("front", "answered u", AT + MARGIN)


def test_hang_makes_the_caller_time_out() -> None:
    seen = broken(kind="hang", service="middle", hangs="2s")
    calls = both(seen, "front", CLIENT)[1]
    assert {item.attribute("error.type") for item in calls} == {"Timeout"}
    assert median(calls) == pytest.approx(200, abs=5)
    assert median(seen.spans("middle", SERVER, AT + 2 * SECOND + MARGIN)) > 2000


def test_stuck_is_never_heard_of_again() -> None:
    seen = broken(kind="stuck", service="middle")
    assert not both(seen, "middle", SERVER)[1]
    assert seen.logs("middle", "working on", AT + MARGIN)
    assert not seen.logs("middle", "done with", AT + MARGIN)
    assert {item.attribute("error.type") for item in both(seen, "front", CLIENT)[1]} == {"Timeout"}


def test_down_says_nothing_and_refuses() -> None:
    seen = broken(kind="down", service="middle")
    assert not seen.spans("middle", since=AT + MARGIN)
    assert not seen.logs("middle", since=AT + MARGIN)
    assert {item.attribute("error.type") for item in both(seen, "front", CLIENT)[1]} == {"ConnectionRefused"}


def test_a_slow_database_is_seen_by_its_callers() -> None:
    seen = broken(kind="slow", service="store", factor=20)
    before, during = both(seen, "middle", CLIENT)
    assert median(during) > median(before) + 20


def test_a_stopped_consumer_goes_on_where_it_was() -> None:
    seen = broken(kind="consumer_stopped", service="worker", lasts="3s")
    times = [item.span.end_time_unix_nano for item in seen.spans("worker", CONSUMER)]
    assert not [time for time in times if AT + MARGIN < time < AT + 3 * SECOND]
    assert len(times) >= len(seen.spans("front", SERVER)) - 5


def test_a_log_statement_stops_alone_or_with_what_comes_after() -> None:
    alone = broken(kind="log_stops", service="middle", log="working")
    assert not alone.logs("middle", "working on", AT + MARGIN)
    assert alone.logs("middle", "done with", AT + MARGIN)
    rest = broken(kind="log_stops", service="middle", log="working", skips=True)
    assert not rest.logs("middle", "done with", AT + MARGIN)
    assert not rest.spans("middle", CLIENT, AT + MARGIN)
    assert rest.spans("middle", SERVER, AT + MARGIN)


def test_a_leaking_pool() -> None:
    seen = broken(kind="pool_leak", service="middle", pool="db", left=0)
    assert seen.logs("middle", "connection is not available", AT)
    assert not seen.spans("middle", CLIENT, AT + MARGIN)
    assert all(item.failed for item in both(seen, "middle", SERVER)[1])


def test_delay_is_between_the_two() -> None:
    seen = broken(kind="delay", edge="front -> middle", by="50ms")
    before, during = both(seen, "front", CLIENT)
    assert median(during) == pytest.approx(median(before) + 50, abs=8)
    assert median(both(seen, "middle", SERVER)[1]) == pytest.approx(median(both(seen, "middle", SERVER)[0]), rel=0.3)


def test_loss_never_arrives() -> None:
    seen = broken(kind="loss", edge="front -> middle")
    assert not both(seen, "middle", SERVER)[1]
    assert {item.attribute("error.type") for item in both(seen, "front", CLIENT)[1]} == {"Timeout"}


def test_a_retry_storm_comes_from_the_caller() -> None:
    seen = broken(kind="retry_storm", edge="front -> middle", times=4)
    requests, calls = both(seen, "front", SERVER)[1], both(seen, "middle", SERVER)[1]
    assert len(calls) == pytest.approx(5 * len(requests), rel=0.15)


def test_a_caller_gives_up_early() -> None:
    seen = broken(kind="early_timeout", edge="front -> middle", after="3ms")
    during, answered = both(seen, "front", CLIENT)[1], both(seen, "middle", SERVER)[1]
    assert {item.attribute("error.type") for item in during} == {"Timeout"}
    assert median(during) == pytest.approx(3, abs=0.1)
    assert len(answered) == pytest.approx(len(during), abs=3)
    assert median(answered) > 3.5
    assert not any(item.failed for item in answered)


def test_silence_hides_and_does_not_stop() -> None:
    seen = broken(kind="silence", services=["middle"], lasts="2s")
    assert not seen.spans("middle", since=AT + 1)[0].span.end_time_unix_nano < AT + 2 * SECOND
    gap = [item for item in seen.spans("front", SERVER, AT) if item.span.end_time_unix_nano < AT + 2 * SECOND]
    assert len(gap) > 8
    assert not any(item.failed for item in gap)


def test_retries_are_made_and_told() -> None:
    steps = [{"call": "middle/POST /m", "timeout": "100ms", "retries": 2, "optional": True}, {"log": "answered {user}"}]
    seen = broken({"front": {"operations": {"GET /": steps}}}, kind="down", service="middle")
    calls, requests = both(seen, "front", CLIENT)[1], both(seen, "front", SERVER)[1]
    assert len(calls) == pytest.approx(3 * len(requests), abs=6)
    assert seen.logs("front", "attempt 2 of calling middle failed")
    assert seen.logs("front", "going on without middle")
    assert not any(item.failed for item in requests)
