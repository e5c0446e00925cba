"""Between the doors and the pipeline: what is acknowledged and not yet counted. Here the journal will stand."""

import queue
import threading
from dataclasses import dataclass

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from server.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Delivery:
    """One acknowledged request. `records` counts what it stands for, `size` the bytes it came in."""

    request: ExportLogsServiceRequest | ExportTraceServiceRequest
    records: int
    size: int
    received_unix_nano: int
    # Whether any attribute that is read can be in it.
    attributes: bool


class Inbox:
    """First in, first out, bounded by bytes. A full inbox is the sender's signal to wait, never a loss."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        # Bytes a second the pipeline has been taking lately; sizes the delay that senders are told.
        self._drain_rate = 8 * 2**20

    @property
    def pending_bytes(self) -> int:
        return self._bytes

    @property
    def pending_requests(self) -> int:
        return self._queue.qsize()

    def reserve(self, size: int) -> None:
        """Room for one delivery of that many bytes, to be put next. One of any size fits into an empty inbox.

        Raises `UnavailableError` when there is no room.
        """
        with self._lock:
            if self._bytes and self._bytes + size > self._max_bytes:
                delay = min(30.0, max(0.5, self._bytes / self._drain_rate))
                raise UnavailableError("the pipeline is behind; try again later", retry_after=delay)
            self._bytes += size

    def put(self, delivery: Delivery) -> None:
        """Into the room that was reserved for it."""
        self._queue.put(delivery)

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

    def wake(self) -> None:
        self._queue.put(None)
