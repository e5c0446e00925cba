"""Seats: few, kept while a message comes at once, given to others while one does not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import cast

import grpc
import pytest

from server.seats import Seats
from tests.running_server import wait_until

LONG = 60.0


class Call:
    """A call whose messages come when the test says so; cancelled, it ends as grpcio ends it."""

    def __init__(self, *messages: bytes) -> None:
        self.cancelled = Event()
        self._messages: SimpleQueue[bytes | None] = SimpleQueue()
        for message in messages:
            self.comes(message)

    def comes(self, message: bytes) -> None:
        self._messages.put(message)

    def cancel(self) -> None:
        self.cancelled.set()
        self._messages.put(None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        message = self._messages.get(timeout=10)
        if message is None:
            raise grpc.RpcError
        return message


def message(seats: Seats, call: Call) -> bytes:
    return seats.message(iter(call), cast(grpc.ServicerContext, call))


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Iterator[Seats]:
    """Two seats, started."""
    seats = Seats(2, getattr(request, "param", LONG))
    seats.start()
    yield seats
    seats.stop()


def test_no_more_are_worked_on_than_there_are_seats() -> None:
    seats = Seats(2, LONG)
    with ThreadPoolExecutor(3) as threads:
        assert [message(seats, Call(b"a")), message(seats, Call(b"b"))] == [b"a", b"b"]
        third = threads.submit(message, seats, Call(b"c"))
        with pytest.raises(TimeoutError):
            third.result(0.3)
        seats.leave()
        assert third.result(10) == b"c"


def test_who_waits_for_a_message_gives_its_seat_to_others(opened: Seats) -> None:
    silent = [Call() for _ in range(5)]
    with ThreadPoolExecutor(6) as threads:
        waiting = [threads.submit(message, opened, call) for call in silent]
        assert threads.submit(message, opened, Call(b"ordinary")).result(10) == b"ordinary"
        opened.leave()
        for call in silent:
            call.comes(b"late")
        # Two at a time again, since each needs a seat to be worked on.
        for _ in silent:
            wait_until(lambda: any(item.done() for item in waiting), 10, lambda: "nobody came in")
            assert sum(item.done() for item in waiting) <= 2
            done = next(item for item in waiting if item.done())
            assert done.result() == b"late"
            waiting.remove(done)
            opened.leave()
    assert not any(call.cancelled.is_set() for call in silent)


@pytest.mark.parametrize("opened", [0.3], indirect=True)
def test_a_message_that_never_comes_ends_its_call(opened: Seats) -> None:
    silent = [Call() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for waiting in [threads.submit(message, opened, call) for call in silent]:
            with pytest.raises(grpc.RpcError):
                waiting.result(10)
    assert all(call.cancelled.is_set() for call in silent)
    # All seats are free again, and no more than there were.
    assert [message(opened, Call(b"x")) for _ in range(2)] == [b"x"] * 2
    with ThreadPoolExecutor(1) as threads:
        third = threads.submit(message, opened, Call(b"x"))
        with pytest.raises(TimeoutError):
            third.result(0.3)
        opened.leave()
        assert third.result(10) == b"x"


def test_no_message_at_all_takes_no_seat() -> None:
    seats = Seats(1, LONG)
    for _ in range(3):
        with pytest.raises(StopIteration):
            seats.message(iter(()), cast(grpc.ServicerContext, Call()))
    assert message(seats, Call(b"x")) == b"x"


def test_work_is_never_ended_however_long_it_takes() -> None:
    seats = Seats(1, 0.2)
    seats.start()
    call = Call(b"x")
    assert message(seats, call) == b"x"
    assert not call.cancelled.wait(0.6)
    seats.stop()


def test_stopping_what_was_not_started_is_fine() -> None:
    seats = Seats(1, LONG)
    seats.stop()
    seats.stop()
