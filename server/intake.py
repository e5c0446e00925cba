"""What both OTLP doors do with a request: check it, account for it, hand it on. Answers in milliseconds."""

import time
from dataclasses import dataclass

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from server.delivery import Delivery, read_delivery
from server.errors import InvalidInputError
from server.inbox import Inbox
from server.journal import Frame, FrameKind
from server.ledger import Ledger
from server.otlp.content_coding import Coding, Compressed, TooLargeError
from server.otlp.deep_values import KEPT_DEPTH, cut_deep_values
from server.record_limit import holds_more

_UNNAMED = "service.name is missing on some resources: filed under unknown_service; set it in the SDK or the Collector"
_DEEP = f"values nested deeper than {KEPT_DEPTH} levels were cut; send flatter values"
_BAD_IDS = "spans without a 16-byte trace id and an 8-byte span id were rejected; send both, not all zero"
_REQUESTS = {FrameKind.LOGS: ExportLogsServiceRequest, FrameKind.TRACES: ExportTraceServiceRequest}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`rejected` of the request's records were refused; `message` says what to mend, and may be set with 0 rejected."""

    rejected: int = 0
    message: str = ""


class Intake:
    """Raises `InvalidInputError` for bytes that are no request, `TooLargeError` for too many records at once, and
    `UnavailableError` when there is no room."""

    def __init__(self, inbox: Inbox, ledger: Ledger, max_records: int = 200_000) -> None:
        """`max_records` of one request."""
        self._inbox = inbox
        self._ledger = ledger
        self._max_records = max_records

    def logs(self, body: bytes, compressed: Compressed | None = None) -> Outcome:
        """The uncompressed bytes of an ExportLogsServiceRequest; `compressed` is the same as it came, if it was."""
        return self._take(FrameKind.LOGS, body, compressed)

    def traces(self, body: bytes, compressed: Compressed | None = None) -> Outcome:
        """The uncompressed bytes of an ExportTraceServiceRequest; `compressed` as in `logs`."""
        return self._take(FrameKind.TRACES, body, compressed)

    def _take(self, kind: FrameKind, body: bytes, compressed: Compressed | None) -> Outcome:
        if body:
            self._inbox.check_room(len(body))
        if holds_more(body, self._max_records):
            raise TooLargeError(f"more than {self._max_records} records; send smaller batches, or raise the limit")
        delivery, cut = _read(kind, body, time.time_ns())
        if cut:
            body, compressed = delivery.body, None
        if delivery.records:
            payload, coding = body, Coding.PLAIN
            # Small requests, and what was compressed badly, are shorter as they are.
            if compressed is not None and len(compressed.payload) < len(body):
                payload, coding = compressed.payload, compressed.coding
            numbers = (delivery.received_unix_nano, delivery.records, delivery.rejected)
            frame = Frame(kind, payload, *numbers, coding, len(body))
            self._inbox.settle_on_disk(self._inbox.put(frame, delivery))
        else:
            self._ledger.receive(delivery.signal, 0, delivery.rejected)
        messages = [_BAD_IDS] if delivery.rejected else []
        if cut:
            messages.append(_DEEP)
        if delivery.unnamed:
            messages.append(_UNNAMED)
        return Outcome(delivery.rejected, "; ".join(messages))


def _read(kind: FrameKind, body: bytes, now_unix_nano: int) -> tuple[Delivery, bool]:
    """What is in it, and whether deep values had to be cut for that. Raises `InvalidInputError`."""
    try:
        return read_delivery(kind, body, now_unix_nano), False
    except InvalidInputError:
        shallow = cut_deep_values(body, _REQUESTS[kind])
        if shallow is None:
            raise
        return read_delivery(kind, shallow, now_unix_nano), True
