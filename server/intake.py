"""What both OTLP doors do with a request: check it, account for it, hand it on. Answers in milliseconds."""

import time
from dataclasses import dataclass

from server.delivery import read_delivery
from server.inbox import Inbox
from server.journal import Frame, FrameKind
from server.ledger import Ledger

_UNNAMED = "service.name is missing on some resources: filed under unknown_service; set it in the SDK or the Collector"
_BAD_IDS = "spans without a 16-byte trace id and an 8-byte span id were rejected; send both, not all zero"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`rejected` of the request's records were refused; `message` says what to mend, and may be set with 0 rejected."""

    rejected: int = 0
    message: str = ""


class Intake:
    """Raises `InvalidInputError` for bytes that are no request and `UnavailableError` when there is no room."""

    def __init__(self, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    def logs(self, body: bytes) -> Outcome:
        """The uncompressed bytes of an ExportLogsServiceRequest."""
        return self._take(FrameKind.LOGS, body)

    def traces(self, body: bytes) -> Outcome:
        """The uncompressed bytes of an ExportTraceServiceRequest."""
        return self._take(FrameKind.TRACES, body)

    def _take(self, kind: FrameKind, body: bytes) -> Outcome:
        delivery = read_delivery(kind, body, time.time_ns())
        if delivery.records:
            frame = Frame(kind, body, delivery.received_unix_nano, delivery.records, delivery.rejected)
            self._inbox.settle_on_disk(self._inbox.put(frame, delivery))
        else:
            self._ledger.receive(delivery.signal, 0, delivery.rejected)
        messages = [_BAD_IDS] if delivery.rejected else []
        if delivery.unnamed:
            messages.append(_UNNAMED)
        return Outcome(delivery.rejected, "; ".join(messages))
