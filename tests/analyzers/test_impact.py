"""A slowness nobody feels is a hint, not an alarm."""

from analyzers.detectors.impact import felt, waiting_time
from analyzers.service import service_key
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary

MILLI = 1_000_000


def window() -> Summary:
    """Ten requests of 100 ms at the gateway, each with a call of 50 ms to the cart."""
    gateway, cart = service_key("gateway"), service_key("cart")
    made = Summary(0, 1)
    for service, duration in ((gateway, 100), (cart, 50)):
        operation = OperationStats(calls=10, entries=10, duration=Sketch.of([duration * MILLI] * 10))
        made.service(service).operations["handle"] = operation
    made.edges[EdgeKey(gateway, cart)] = EdgeStats(calls=10)
    return made


def test_waiting_is_counted_where_requests_come_in() -> None:
    assert abs(waiting_time(window()) / (1000 * MILLI) - 1) < 0.06
    assert waiting_time(Summary(0, 1)) == 0.0


def test_next_to_nothing_is_a_hint_and_a_tenth_is_felt() -> None:
    waiting = waiting_time(window())
    assert felt(30.0, 0.1 * waiting, waiting) == 30.0
    assert felt(1.9, 0.001 * waiting, waiting) == 1.9
    assert felt(30.0, 0.001 * waiting, waiting) < felt(30.0, 0.01 * waiting, waiting) < 5.0
    assert felt(30.0, 1.0, 0.0) == 30.0
