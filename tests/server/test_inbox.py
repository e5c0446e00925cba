"""Bounded by bytes, in order, and never a loss."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from server.delivery import Delivery
from server.errors import UnavailableError
from server.inbox import Inbox
from server.journal import Frame, FrameKind
from server.ledger import Ledger

MEBIBYTE = 2**20


def delivery(size: int, records: int = 1) -> Delivery:
    return Delivery(ExportLogsServiceRequest(), records, 0, size, 1, attributes=False, digest=b"")


def put(inbox: Inbox, item: Delivery) -> Delivery:
    inbox.put(Frame(FrameKind.LOGS, b"", 1, item.records, 0), item)
    return item


def test_first_in_first_out() -> None:
    inbox = Inbox(1000, Ledger())
    items = [put(inbox, delivery(10, number)) for number in range(5)]
    assert inbox.pending_requests == 5
    assert [inbox.take(0) for _ in range(5)] == items


def test_room_is_free_only_when_a_delivery_is_done() -> None:
    inbox = Inbox(100, Ledger())
    item = put(inbox, delivery(60))
    assert inbox.take(0) == item
    with pytest.raises(UnavailableError):
        put(inbox, delivery(60))
    inbox.done(item)
    put(inbox, delivery(60))
    assert inbox.pending_bytes == 60


def test_a_request_larger_than_the_inbox_fits_when_it_is_empty() -> None:
    inbox = Inbox(100, Ledger())
    item = put(inbox, delivery(5000))
    with pytest.raises(UnavailableError):
        put(inbox, delivery(1))
    assert inbox.take(0) == item
    inbox.done(item)
    put(inbox, delivery(5000))


@pytest.mark.parametrize(("waiting", "least", "most"), [(1, 0.4, 1), (64 * MEBIBYTE, 2, 20), (2**40, 30, 30)])
def test_the_delay_grows_with_what_waits_within_reason(waiting: int, least: float, most: float) -> None:
    """Long enough to recover in, and far below the 300 s after which a Collector gives a batch up."""
    inbox = Inbox(waiting, Ledger())
    put(inbox, delivery(waiting))
    with pytest.raises(UnavailableError, match="try again later") as refused:
        put(inbox, delivery(1))
    assert least <= refused.value.retry_after <= most


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 100))
def test_never_more_than_the_limit_and_nothing_taken_is_lost(sizes: list[int], limit: int) -> None:
    inbox, accepted, taken = Inbox(limit, Ledger()), [], []
    for number, size in enumerate(sizes):
        try:
            accepted.append(put(inbox, delivery(size, number)))
        except UnavailableError:
            assert inbox.pending_bytes + size > limit
            item = inbox.take(0)
            assert item is not None
            inbox.done(item)
            taken.append(item)
        assert inbox.pending_bytes <= max(limit, max(sizes))
    while (item := inbox.take(0)) is not None:
        inbox.done(item)
        taken.append(item)
    assert taken == accepted
    assert inbox.pending_bytes == 0


def test_many_senders_at_once_stay_within_the_limit() -> None:
    inbox = Inbox(1000, Ledger())

    def send() -> int:
        accepted = 0
        for _ in range(200):
            try:
                put(inbox, delivery(7))
                accepted += 1
            except UnavailableError:
                pass
        return accepted

    with ThreadPoolExecutor(8) as threads:
        accepted = sum(done.result() for done in [threads.submit(send) for _ in range(8)])
    assert accepted == inbox.pending_requests == 1000 // 7
    assert inbox.pending_bytes == accepted * 7


def test_waking_ends_a_wait_at_once() -> None:
    inbox = Inbox(10, Ledger())
    with ThreadPoolExecutor(1) as threads:
        begun = time.monotonic()
        waiting = threads.submit(inbox.take, 30)
        inbox.wake()
        assert waiting.result() is None
        assert time.monotonic() - begun < 10
