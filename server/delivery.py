"""One request on its way from a door to the pipeline, and how it is read from its bytes, now or at a restart."""

import hashlib
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from analyzers.otlp import needs_attributes, weigh
from server.errors import FieldViolation, InvalidInputError
from server.journal import START, Frame, FrameKind, Position
from server.ledger import Signal


@dataclass(frozen=True, slots=True)
class Delivery:
    """`records` counts what it stands for; `rejected` what was refused to the sender's face and is not in it."""

    request: ExportLogsServiceRequest | ExportTraceServiceRequest
    records: int
    rejected: int
    # Bytes it came in.
    size: int
    received_unix_nano: int
    # Whether any attribute that is read can be in it.
    attributes: bool
    # Of the uncompressed bytes: the same batch sent twice has the same.
    digest: bytes
    # Some resource had no service.name.
    unnamed: bool = False
    # Where it ends in the journal.
    position: Position = START

    @property
    def signal(self) -> Signal:
        return Signal.LOGS if isinstance(self.request, ExportLogsServiceRequest) else Signal.TRACES


def read_delivery(kind: FrameKind, body: bytes, received_unix_nano: int) -> Delivery:
    """From the uncompressed bytes of a request. Raises `InvalidInputError`."""
    digest = hashlib.blake2b(body, digest_size=16).digest()
    if kind is FrameKind.LOGS:
        logs = ExportLogsServiceRequest()
        _parse(logs, body)
        attributes = needs_attributes(body)
        records = weigh(logs.resource_logs, attributes)
        unnamed = any(_unnamed(group) for group in logs.resource_logs)
        return Delivery(logs, records, 0, len(body), received_unix_nano, attributes, digest, unnamed)
    traces = ExportTraceServiceRequest()
    _parse(traces, body)
    spans, rejected = _sift(traces)
    unnamed = any(_unnamed(group) for group in traces.resource_spans)
    return Delivery(traces, spans, rejected, len(body), received_unix_nano, True, digest, unnamed)


def delivery_of(frame: Frame, position: Position) -> Delivery:
    """From the journal."""
    read = read_delivery(frame.kind, frame.payload, frame.received_unix_nano)
    return Delivery(
        read.request,
        read.records,
        read.rejected,
        read.size,
        read.received_unix_nano,
        read.attributes,
        read.digest,
        read.unnamed,
        position,
    )


def _parse(request: ExportLogsServiceRequest | ExportTraceServiceRequest, body: bytes) -> None:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        name = type(request).__name__
        raise InvalidInputError(FieldViolation("body", f"not a serialized {name}: {error}")) from error


def _sift(request: ExportTraceServiceRequest) -> tuple[int, int]:
    """Take out the spans that can't be joined with anything; how many stay and how many were taken out."""
    spans = rejected = 0
    for group in request.resource_spans:
        for part in group.scope_spans:
            sound = [span for span in part.spans if _sound(span)]
            rejected += len(part.spans) - len(sound)
            spans += len(sound)
            if len(sound) < len(part.spans):
                del part.spans[:]
                part.spans.extend(sound)
    return spans, rejected


def _sound(span: Span) -> bool:
    return len(span.trace_id) == 16 and any(span.trace_id) and len(span.span_id) == 8 and any(span.span_id)


def _unnamed(group: ResourceLogs | ResourceSpans) -> bool:
    return not any(item.key == "service.name" and item.value.string_value for item in group.resource.attributes)
