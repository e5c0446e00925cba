"""Bounded by bytes, in order, and never a loss."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.delivery import Delivery
from server.errors import UnavailableError
from server.inbox import Inbox
from server.journal import Frame, FrameKind
from server.ledger import Ledger, Signal
from server.memory import Memory
from server.throttle import Reason, Throttle
from tests.server.test_throttle import Clock

MEBIBYTE = 2**20
# As many bytes at once as there are.
ALL = 2**60


def delivery(size: int, records: int = 1) -> Delivery:
    # Zeros that nobody reads: the system gives no memory for them.
    return Delivery(Signal.LOGS, bytes(size), records, 0, 1, digest=b"")


def put(inbox: Inbox, item: Delivery) -> Delivery:
    inbox.put(Frame(FrameKind.LOGS, b"", 1, item.records, 0), item)
    return item


def test_first_in_first_out() -> None:
    inbox = Inbox(1000, Ledger())
    items = [put(inbox, delivery(10, number)) for number in range(5)]
    assert inbox.pending_requests == 5
    assert inbox.take(0, ALL) == items
    assert inbox.take(0, ALL) == []


def test_what_waits_is_taken_together_up_to_so_many_bytes() -> None:
    inbox = Inbox(1000, Ledger())
    items = [put(inbox, delivery(10, number)) for number in range(5)]
    assert [inbox.take(0, most) for most in (1, 20, 21)] == [items[:1], items[1:3], items[3:]]
    inbox.done(items[:3])
    assert (inbox.pending_requests, inbox.pending_bytes) == (2, 20)


def test_room_is_free_only_when_a_delivery_is_done() -> None:
    inbox = Inbox(100, Ledger())
    item = put(inbox, delivery(60))
    assert inbox.take(0, ALL) == [item]
    with pytest.raises(UnavailableError):
        put(inbox, delivery(60))
    inbox.done([item])
    put(inbox, delivery(60))
    assert inbox.pending_bytes == 60


def test_a_request_larger_than_the_inbox_fits_when_it_is_empty() -> None:
    inbox = Inbox(100, Ledger())
    item = put(inbox, delivery(5000))
    with pytest.raises(UnavailableError):
        put(inbox, delivery(1))
    assert inbox.take(0, ALL) == [item]
    inbox.done([item])
    put(inbox, delivery(5000))


@pytest.mark.parametrize(
    ("waiting", "least", "most"), [(1, 0.5, 0.7), (64 * MEBIBYTE, 6, 12), (400 * MEBIBYTE, 24, 30)]
)
def test_the_delay_grows_with_what_waits_within_reason(waiting: int, least: float, most: float) -> None:
    """Long enough to recover in, and far below the 300 s after which a Collector gives a batch up."""
    inbox = Inbox(waiting, Ledger())
    put(inbox, delivery(waiting))
    with pytest.raises(UnavailableError, match="try again later") as refused:
        put(inbox, delivery(1))
    assert least <= refused.value.retry_after <= most


def test_the_delay_follows_what_the_pipeline_really_takes() -> None:
    clock = Clock()
    inbox = Inbox(100 * MEBIBYTE, Ledger(), throttle=Throttle(clock, chance=lambda: 0.0))
    for _ in range(100):
        item = put(inbox, delivery(MEBIBYTE))
        clock.now += 0.5
        inbox.done([item])
    assert inbox.bytes_per_second == pytest.approx(2 * MEBIBYTE, rel=0.05)
    # An hour without work says nothing about how fast it is.
    clock.now += 3600
    put(inbox, delivery(20 * MEBIBYTE))
    put(inbox, delivery(20 * MEBIBYTE))
    with pytest.raises(UnavailableError) as refused:
        put(inbox, delivery(80 * MEBIBYTE))
    assert refused.value.retry_after == pytest.approx(20, rel=0.05)
    assert inbox.refused() == {Reason.INBOX: 1, Reason.MEMORY: 0, Reason.DISK: 0}
    assert inbox.throttling() == (Reason.INBOX,)
    clock.now += 60
    assert inbox.throttling() == ()


def test_with_too_much_memory_in_use_nothing_is_taken_and_what_was_is_worked_off() -> None:
    used = [100]
    memory = Memory(1000, reliefs=(), read=lambda: used[0])
    ledger = Ledger()
    inbox = Inbox(1000, ledger, memory=memory)
    item = put(inbox, delivery(10, records=7))
    used[0] = 1000
    memory.look(drained=False)
    for attempt in (lambda: put(inbox, delivery(10)), lambda: inbox.check_room(10)):
        with pytest.raises(UnavailableError, match="memory"):
            attempt()
    assert inbox.refused()[Reason.MEMORY] == 2
    assert inbox.take(0, ALL) == [item]
    inbox.done([item])
    used[0] = 100
    memory.look(drained=True)
    put(inbox, delivery(10, records=2))
    assert ledger.account(Signal.LOGS).received == 9


def test_when_memory_does_not_fall_requests_come_in_one_at_a_time() -> None:
    """Else a ceiling that the process never gets below would turn senders away for good."""
    clock = Clock()
    memory = Memory(1000, reliefs=(), read=lambda: 1000, clock=clock)
    inbox = Inbox(1000, Ledger(), memory=memory)
    memory.look(drained=True)

    def comes_in() -> bool:
        try:
            put(inbox, delivery(10))
        except UnavailableError:
            return False
        return True

    taken = []
    for _ in range(40):
        clock.now += 0.5
        memory.look(drained=not inbox.pending_requests)
        # Two at the same moment.
        taken.append((comes_in(), comes_in()))
        inbox.done(inbox.take(0, ALL))
    assert {second for _, second in taken} == {False}
    assert [place for place, (first, _) in enumerate(taken) if first] == [9, 19, 29, 39]


def test_while_something_is_worked_off_nothing_comes_in_however_long_it_takes() -> None:
    clock = Clock()
    memory = Memory(1000, reliefs=(), read=lambda: 1000, clock=clock)
    inbox = Inbox(1000, Ledger(), memory=memory)
    put(inbox, delivery(10))
    for _ in range(20):
        memory.look(drained=not inbox.pending_requests)
        clock.now += 1
        with pytest.raises(UnavailableError):
            inbox.check_room(10)


def test_what_is_replayed_took_no_room_and_gives_none() -> None:
    inbox = Inbox(100, Ledger())
    inbox.done([delivery(60)])
    assert (inbox.pending_bytes, inbox.pending_requests) == (0, 0)


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 100))
def test_never_more_than_the_limit_and_nothing_taken_is_lost(sizes: list[int], limit: int) -> None:
    inbox, accepted, taken = Inbox(limit, Ledger()), [], []
    for number, size in enumerate(sizes):
        try:
            accepted.append(put(inbox, delivery(size, number)))
        except UnavailableError:
            assert inbox.pending_bytes + size > limit
            (item,) = inbox.take(0, 1)
            inbox.done([item])
            taken.append(item)
        assert inbox.pending_bytes <= max(limit, max(sizes))
    while items := inbox.take(0, limit):
        inbox.done(items)
        taken += items
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
        waiting = threads.submit(inbox.take, 30, ALL)
        inbox.wake()
        assert waiting.result() == []
        assert time.monotonic() - begun < 10


def test_with_patience_what_comes_after_the_first_is_taken_with_it() -> None:
    inbox = Inbox(1000, Ledger())
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(inbox.take, 30, 100, 1.0)
        items = [put(inbox, delivery(10, number)) for number in range(3)]
        assert waiting.result() == items


def test_nobody_is_patient_when_enough_is_there() -> None:
    inbox = Inbox(1000, Ledger())
    items = [put(inbox, delivery(60, number)) for number in range(2)]
    begun = time.monotonic()
    assert inbox.take(0, 100, 60) == items
    assert time.monotonic() - begun < 30
