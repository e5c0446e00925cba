"""An OTLP endpoint that remembers: for tests, and to see what a replay would send.

with OtlpSink() as sink:
    ...  # send to sink.address
    assert len(sink.log_records()) == 500
"""

from __future__ import annotations

from collections import deque
from concurrent import futures
from types import TracebackType

import grpc
from google.protobuf.message import Message
from hypocenter.client.testing import Failure, abort
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class OtlpSink:
    """Logs and traces over gRPC on a free port of this machine. `exports` is what was accepted, in order."""

    def __init__(self) -> None:
        self.exports: list[Message] = []
        self.metadata: list[dict[str, str | bytes]] = []
        # What the next exports are answered with, one each; afterwards everything is accepted.
        self.answers: deque[Failure | Message] = deque()
        self._server: grpc.Server | None = None
        self.address = "127.0.0.1:0"

    def __enter__(self) -> OtlpSink:
        options = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=options)
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(_Logs(self), server)  # type: ignore[no-untyped-call]
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Traces(self), server)  # type: ignore[no-untyped-call]
        self.address = f"127.0.0.1:{server.add_insecure_port(self.address)}"
        server.start()
        self._server = server
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop(grace=None).wait()

    def log_records(self) -> list[LogRecord]:
        """All log records, in the order they came."""
        return [
            record
            for export in self.exports
            if isinstance(export, logs_service_pb2.ExportLogsServiceRequest)
            for group in export.resource_logs
            for scoped in group.scope_logs
            for record in scoped.log_records
        ]

    def spans(self) -> list[Span]:
        """All spans, in the order they came."""
        return [
            span
            for export in self.exports
            if isinstance(export, trace_service_pb2.ExportTraceServiceRequest)
            for group in export.resource_spans
            for scoped in group.scope_spans
            for span in scoped.spans
        ]

    def receive(self, request: Message, context: grpc.ServicerContext) -> Message | None:
        """Remember one export; the answer that was planned for it, or None for plain success."""
        self.metadata.append({entry[0]: entry[1] for entry in context.invocation_metadata() or ()})
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Failure):
            abort(context, answer)
        self.exports.append(request)
        return answer


class _Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink

    def Export(self, request: logs_service_pb2.ExportLogsServiceRequest, context: grpc.ServicerContext) -> Message:
        return self._sink.receive(request, context) or logs_service_pb2.ExportLogsServiceResponse()


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink

    def Export(self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext) -> Message:
        return self._sink.receive(request, context) or trace_service_pb2.ExportTraceServiceResponse()
