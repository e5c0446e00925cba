"""One request on its way from a door to the pipeline, and how it is read from its bytes, now or at a restart."""

from dataclasses import dataclass, replace

import xxhash
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from analyzers.native import native
from analyzers.otlp import Received, weigh
from server.errors import FieldViolation, InvalidInputError
from server.journal import START, Frame, FrameKind, Position
from server.ledger import Signal

_NO_TRACE_ID, _NO_SPAN_ID = bytes(16), bytes(8)


@dataclass(frozen=True, slots=True)
class Delivery:
    """`records` counts what it stands for; `rejected` what was refused to the sender's face and is not in it."""

    signal: Signal
    # Uncompressed bytes of the request, known to be well formed.
    body: bytes
    records: int
    rejected: int
    received_unix_nano: int
    # Of the bytes as they were sent: the same batch sent twice has the same.
    digest: bytes
    # Some resource had no service.name.
    unnamed: bool = False
    # Where it ends in the journal.
    position: Position = START

    @property
    def size(self) -> int:
        """Bytes it takes while it waits."""
        return len(self.body)

    @property
    def received(self) -> Received:
        """As decoders take it."""
        return Received(self.body, self.received_unix_nano)


def read_delivery(kind: FrameKind, body: bytes, received_unix_nano: int) -> Delivery:
    """From the uncompressed bytes of a request. Raises `InvalidInputError`."""
    # Not cryptographic: who forges a batch that has the digest of another can only have his own taken for a repeated
    # one, and 128 bits leave chance nothing.
    digest = xxhash.xxh3_128_digest(body)
    if kind is FrameKind.LOGS:
        records, unnamed = _read_logs(body)
        return Delivery(Signal.LOGS, body, records, 0, received_unix_nano, digest, unnamed)
    traces = ExportTraceServiceRequest()
    _parse(traces, body)
    spans, rejected = _sift(traces)
    if rejected:
        body = traces.SerializeToString()
    unnamed = any(_unnamed(group) for group in traces.resource_spans)
    return Delivery(Signal.TRACES, body, spans, rejected, received_unix_nano, digest, unnamed)


def delivery_of(frame: Frame, position: Position) -> Delivery:
    """From the journal."""
    return replace(read_delivery(frame.kind, frame.plain(), frame.received_unix_nano), position=position)


def _read_logs(body: bytes) -> tuple[int, bool]:
    """How many records it stands for, and whether some sender has no name."""
    library = native()
    if library is not None and (found := library.check_logs(body)) is not None:
        return found
    logs = ExportLogsServiceRequest()
    _parse(logs, body)
    return weigh(logs, body), any(_unnamed(group) for group in logs.resource_logs)


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
    trace_id, span_id = span.trace_id, span.span_id
    return len(trace_id) == 16 and trace_id != _NO_TRACE_ID and len(span_id) == 8 and span_id != _NO_SPAN_ID


def _unnamed(group: ResourceLogs | ResourceSpans) -> bool:
    return not any(item.key == "service.name" and item.value.string_value for item in group.resource.attributes)
