"""What both OTLP doors do with a request: check it, account for it, hand it on. Answers in milliseconds."""

import time
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from analyzers.otlp import needs_attributes, weigh
from server.errors import FieldViolation, InvalidInputError
from server.inbox import Delivery, Inbox
from server.ledger import Ledger, Signal

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
        request = ExportLogsServiceRequest()
        _parse(request, body)
        attributes = needs_attributes(body)
        records = weigh(request.resource_logs, attributes)
        self._hand_on(Signal.LOGS, Delivery(request, records, len(body), time.time_ns(), attributes), 0)
        unnamed = any(_unnamed(group) for group in request.resource_logs)
        return Outcome(message=_UNNAMED if unnamed else "")

    def traces(self, body: bytes) -> Outcome:
        request = ExportTraceServiceRequest()
        _parse(request, body)
        spans = rejected = 0
        for group in request.resource_spans:
            for part in group.scope_spans:
                sound = [span for span in part.spans if _sound(span)]
                rejected += len(part.spans) - len(sound)
                spans += len(sound)
                if len(sound) < len(part.spans):
                    del part.spans[:]
                    part.spans.extend(sound)
        self._hand_on(Signal.TRACES, Delivery(request, spans, len(body), time.time_ns(), attributes=True), rejected)
        messages = [_BAD_IDS] if rejected else []
        if any(_unnamed(group) for group in request.resource_spans):
            messages.append(_UNNAMED)
        return Outcome(rejected, "; ".join(messages))

    def _hand_on(self, signal: Signal, delivery: Delivery, rejected: int) -> None:
        if delivery.records:
            self._inbox.reserve(delivery.size)
        # Entered between the two: nothing that is refused is ever counted, nor settled before it was received.
        self._ledger.receive(signal, delivery.records, rejected)
        if delivery.records:
            self._inbox.put(delivery)


def _parse(request: ExportLogsServiceRequest | ExportTraceServiceRequest, body: bytes) -> None:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        name = type(request).__name__
        raise InvalidInputError(FieldViolation("body", f"not a serialized {name}: {error}")) from error


def _sound(span: Span) -> bool:
    return len(span.trace_id) == 16 and any(span.trace_id) and len(span.span_id) == 8 and any(span.span_id)


def _unnamed(group: ResourceLogs | ResourceSpans) -> bool:
    return not any(item.key == "service.name" and item.value.string_value for item in group.resource.attributes)
