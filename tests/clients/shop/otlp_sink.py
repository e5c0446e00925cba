"""A real OTLP/gRPC receiver that remembers what it got, flattened for reading."""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True, slots=True)
class Origin:
    attributes: Mapping[str, str]

    @property
    def service(self) -> str:
        return self.attributes["service.name"]

    @property
    def pod(self) -> str:
        return self.attributes["k8s.pod.name"]

    @property
    def version(self) -> str:
        return self.attributes["service.version"]


@dataclass(frozen=True, slots=True)
class ReceivedLog:
    origin: Origin
    record: LogRecord
    attributes: Mapping[str, str]

    @property
    def service(self) -> str:
        return self.origin.service

    @property
    def body(self) -> str:
        return self.record.body.string_value


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    origin: Origin
    span: Span
    attributes: Mapping[str, str]

    @property
    def service(self) -> str:
        return self.origin.service

    @property
    def millis(self) -> float:
        return (self.span.end_time_unix_nano - self.span.start_time_unix_nano) / 1e6


class OtlpSink:
    """Listens on a free loopback port until closed."""

    def __init__(self) -> None:
        self.logs: list[ReceivedLog] = []
        self.spans: list[ReceivedSpan] = []
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(4))
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(_Logs(self), self._server)  # type: ignore[no-untyped-call]
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Traces(self), self._server)  # type: ignore[no-untyped-call]
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()

    def keep(self, logs: list[ReceivedLog], spans: list[ReceivedSpan]) -> None:
        with self._lock:
            self.logs += logs
            self.spans += spans

    def errors_of(self, service: str) -> list[ReceivedLog]:
        return [log for log in self.logs if log.service == service and log.record.severity_number >= 17]

    def spans_of(self, service: str, kind: "Span.SpanKind.ValueType", name: str = "") -> list[ReceivedSpan]:
        return [s for s in self.spans if s.service == service and s.span.kind == kind and name in s.span.name]


class _Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink

    def Export(
        self, request: logs_service_pb2.ExportLogsServiceRequest, context: grpc.ServicerContext
    ) -> logs_service_pb2.ExportLogsServiceResponse:
        logs = [
            ReceivedLog(Origin(_flat(resource.resource.attributes)), record, _flat(record.attributes))
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        self._sink.keep(logs, [])
        return logs_service_pb2.ExportLogsServiceResponse()


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        spans = [
            ReceivedSpan(Origin(_flat(resource.resource.attributes)), span, _flat(span.attributes))
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        self._sink.keep([], spans)
        return trace_service_pb2.ExportTraceServiceResponse()


def _flat(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """Values as text; every attribute of the shop is a string or a number."""
    return {each.key: each.value.string_value or str(each.value.int_value) for each in attributes}
