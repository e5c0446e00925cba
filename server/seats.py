"""How many calls of a gRPC port are worked on at a time, however long others let their messages be waited for."""

import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

import grpc

# Seconds between two looks at who waits, and how long a seat is kept for a message: on any network that is not in
# trouble it is there by then.
_LOOK = 0.1
_Message = TypeVar("_Message")


class Seats:
    """A port has many threads, which cost nothing while they wait, and few seats, which are what it can do at a time.

    Who has a seat reads a message and works on it, so that as a rule no more messages are in memory than there are
    seats. A message that is not all there soon is waited for without a seat, and in the end not any longer: the call
    is cancelled, which senders take for a reason to come again.
    """

    def __init__(self, seats: int, patience: float) -> None:
        """`patience` is how long a message may take, in seconds."""
        self._patience = patience
        # As tokens, and the others without a lock: this is on the way of every request, and so takes a microsecond.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(seats):
            self._free.put(None)
        # Since when they wait for a message: with a seat, and without. Whoever takes a call out of the first, which is
        # one atomic operation, decides what becomes of its seat.
        self._seated: dict[grpc.ServicerContext, float] = {}
        self._slow: dict[grpc.ServicerContext, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="grpc-seats", daemon=True)

    def start(self) -> None:
        """Look from now on after those who wait, in one thread for all of them."""
        self._thread.start()

    def stop(self) -> None:
        """Once no call is under way. Safe to call more than once and without `start`."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def message(self, messages: Iterator[_Message], context: grpc.ServicerContext) -> _Message:
        """The next one, and a seat, which is to be left.

        Without a seat it raises `grpc.RpcError` where the call has ended, by our patience too, and `StopIteration`
        where there is no message.
        """
        self._free.get()
        self._seated[context] = time.monotonic()
        try:
            message = next(messages)
        except BaseException:
            if self._keeps_seat(context):
                self.leave()
            raise
        if not self._keeps_seat(context):
            self._free.get()
        return message

    def leave(self) -> None:
        self._free.put(None)

    def _keeps_seat(self, context: grpc.ServicerContext) -> bool:
        if self._seated.pop(context, None) is not None:
            return True
        del self._slow[context]
        return False

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            now = time.monotonic()
            for context, since in self._seated.copy().items():
                if now - since >= _LOOK:
                    # Known here before it may look here.
                    self._slow[context] = since
                    if self._seated.pop(context, None) is None:
                        del self._slow[context]
                    else:
                        self.leave()
            for context, since in self._slow.copy().items():
                if now - since >= self._patience:
                    context.cancel()
