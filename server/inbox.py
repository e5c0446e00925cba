"""Between the doors and the pipeline: what is acknowledged and not yet counted, journalled and in order."""

import queue
import threading
from dataclasses import replace

from server.delivery import Delivery
from server.errors import UnavailableError
from server.journal import Frame, FrameKind, Journal, JournalError, Position
from server.ledger import Ledger

# How long a sender is asked to wait when the disk is full, in seconds.
_DISK_DELAY = 5.0
# Bytes a second that the pipeline is taken to get through; sizes the delay that senders are told.
_DRAIN_RATE = 8 * 2**20


class Inbox:
    """First in, first out, bounded by bytes. A full inbox is the sender's signal to wait, never a loss.

    The order of the journal is the order of the queue; without a journal what waits here is lost with the process.
    """

    def __init__(self, max_bytes: int, ledger: Ledger, journal: Journal | None = None) -> None:
        self._max_bytes = max_bytes
        self._ledger = ledger
        self._journal = journal
        self._bytes = 0
        self._waiting = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()

    @property
    def pending_bytes(self) -> int:
        return self._bytes

    @property
    def pending_requests(self) -> int:
        return self._waiting

    def put(self, frame: Frame, delivery: Delivery) -> Position:
        """Not to be acknowledged before `settle_on_disk`. Raises `UnavailableError` when there is no room, here or on
        disk; nothing was taken then."""
        with self._lock:
            if self._bytes and self._bytes + delivery.size > self._max_bytes:
                delay = min(30.0, max(0.5, self._bytes / _DRAIN_RATE))
                raise UnavailableError("the pipeline is behind; try again later", retry_after=delay)
            if self._journal is not None:
                try:
                    delivery = replace(delivery, position=self._journal.append(frame))
                except JournalError as error:
                    raise UnavailableError(f"{error}; try again later", retry_after=_DISK_DELAY) from error
            # Entered before it can be taken: the pipeline never settles what was not yet received.
            self._ledger.receive(delivery.signal, delivery.records, delivery.rejected)
            self._bytes += delivery.size
            self._waiting += 1
            self._queue.put(delivery)
            return delivery.position

    def settle_on_disk(self, position: Position) -> None:
        """Wait until what ends there is as durable as promised. Raises `UnavailableError`: it will be counted all the
        same, and being sent again it is a duplicate."""
        if self._journal is None:
            return
        try:
            self._journal.sync(position)
        except JournalError as error:
            raise UnavailableError(f"{error}; try again later", retry_after=_DISK_DELAY) from error

    def mark_idle(self, now_unix_nano: int) -> Position | None:
        """Note in the journal that windows were closed because nothing came; None when something did after all."""
        with self._lock:
            if self._waiting:
                return None
            if self._journal is None:
                return Position(0, 0)
            try:
                return self._journal.append(Frame(FrameKind.IDLE, b"", now_unix_nano))
            except JournalError:
                return None

    def take(self, timeout: float) -> Delivery | None:
        """The next one, or None when none came within `timeout` seconds or the inbox was woken."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def done(self, delivery: Delivery) -> None:
        """It is counted; its room is free."""
        with self._lock:
            self._bytes -= delivery.size
            self._waiting -= 1

    def wake(self) -> None:
        self._queue.put(None)
