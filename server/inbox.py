"""Between the doors and the pipeline: what is acknowledged and not yet counted, journalled and in order."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from server.delivery import Delivery
from server.journal import Frame, FrameKind, Journal, JournalError, Position
from server.ledger import Ledger
from server.memory import Memory
from server.throttle import Reason, Throttle


class Inbox:
    """First in, first out, bounded by bytes. A full inbox is the sender's signal to wait, never a loss.

    The order of the journal is the order of the queue; without a journal what waits here is lost with the process.
    """

    def __init__(
        self,
        max_bytes: int,
        ledger: Ledger,
        journal: Journal | None = None,
        memory: Memory | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._ledger = ledger
        self._journal = journal
        self._memory = memory or Memory()
        self._throttle = throttle or Throttle()
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

    @property
    def bytes_per_second(self) -> float:
        """What the pipeline works off while there is something to do."""
        with self._lock:
            return self._throttle.rate.bytes_per_second

    def refused(self) -> dict[str, int]:
        """Requests that were turned away, by reason, since the start."""
        with self._lock:
            return {str(reason): number for reason, number in self._throttle.refused.items()}

    def throttling(self) -> tuple[Reason, ...]:
        """For which senders are turned away these seconds; empty in good times."""
        with self._lock:
            return self._throttle.reasons()

    def check_room(self, size: int) -> None:
        """Worth asking before a request of `size` bytes is read; `put` asks again. Raises `UnavailableError`."""
        with self._lock:
            self._check_room(size)

    def put(self, frame: Frame, delivery: Delivery) -> Position:
        """Not to be acknowledged before `settle_on_disk`. Raises `UnavailableError` when there is no room, here or on
        disk; nothing was taken then."""
        # Under the lock the others wait.
        header = b"" if self._journal is None else frame.header()
        with self._lock:
            self._check_room(delivery.size)
            if self._journal is not None:
                try:
                    delivery = replace(delivery, position=self._journal.append(frame, header))
                except JournalError as error:
                    raise self._throttle.refusal(Reason.DISK, str(error), self._bytes, delivery.size) from error
            # Entered before it can be taken: the pipeline never settles what was not yet received.
            self._ledger.receive(delivery.signal, delivery.records, delivery.rejected)
            self._throttle.rate.begin()
            self._bytes += delivery.size
            self._waiting += 1
            self._queue.put(delivery)
            if self._memory.closed:
                self._memory.let_in()
            return delivery.position

    def settle_on_disk(self, position: Position) -> None:
        """Wait until what ends there is as durable as promised. Raises `UnavailableError`: it will be counted all the
        same, and being sent again it is a duplicate."""
        if self._journal is None:
            return
        try:
            self._journal.sync(position)
        except JournalError as error:
            with self._lock:
                raise self._throttle.refusal(Reason.DISK, str(error), self._bytes, 0) from error

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

    def take(self, timeout: float, most_bytes: int, patience: float = 0.0) -> list[Delivery]:
        """The next one and what waits behind it, up to `most_bytes`; empty when none came within `timeout` seconds or
        the inbox was woken. With fewer bytes than that others are waited for, `patience` seconds from the first on."""
        taken: list[Delivery] = []
        held = 0
        try:
            delivery = self._queue.get(timeout=timeout)
            if patience and delivery is not None and self._bytes < most_bytes:
                # Not woken by each that comes: every wake takes the interpreter from a door.
                time.sleep(patience)
            while delivery is not None:
                taken.append(delivery)
                held += delivery.size
                if held >= most_bytes:
                    break
                delivery = self._queue.get_nowait()
        except queue.Empty:
            pass
        return taken

    def done(self, deliveries: Sequence[Delivery]) -> None:
        """They are counted; their room is free."""
        with self._lock:
            # What is replayed from the journal at a start, before anything is put, took no room here.
            if self._waiting:
                size = sum(delivery.size for delivery in deliveries)
                self._bytes -= size
                self._waiting -= len(deliveries)
                self._throttle.rate.finish(size, more=self._waiting > 0)

    def wake(self) -> None:
        self._queue.put(None)

    def _check_room(self, size: int) -> None:
        if self._memory.closed and (self._waiting or not self._memory.stuck):
            raise self._throttle.refusal(Reason.MEMORY, "too much memory is in use", self._bytes, size)
        if self._bytes and self._bytes + size > self._max_bytes:
            raise self._throttle.refusal(Reason.INBOX, "the pipeline is behind", self._bytes, size)
