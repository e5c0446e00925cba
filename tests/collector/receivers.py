"""What stands at the Collector's far end: one Protocol, and a double that counts and remembers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent import futures
from threading import Lock
from types import TracebackType
from typing import Protocol

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver(Protocol):
    """An OTLP receiver that can tell what it got."""

    @property
    def otlp_grpc(self) -> str:
        """HOST:PORT to export to."""
        ...

    def received(self, signal: str) -> int:
        """Log records ("logs", each with its log_count) or spans ("traces") acknowledged so far."""
        ...

    def refused(self, signal: str) -> int:
        """How many of them were rejected, dropped or taken for duplicates."""
        ...


class CountingReceiver:
    """The double: takes everything, remembers everything.

    `address` may name a port, to come back where a former one was; by default a free one is taken.
    """

    def __init__(self, address: str = "127.0.0.1:0") -> None:
        self._logs = _LogsMemory()
        self._spans = _SpansMemory()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        add_LogsServiceServicer_to_server(self._logs, self._server)  # type: ignore[no-untyped-call]
        add_TraceServiceServicer_to_server(self._spans, self._server)  # type: ignore[no-untyped-call]
        port = self._server.add_insecure_port(address)
        self._otlp_grpc = f"127.0.0.1:{port}"

    def __enter__(self) -> CountingReceiver:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(grace=2).wait()

    @property
    def otlp_grpc(self) -> str:
        return self._otlp_grpc

    def received(self, signal: str) -> int:
        match signal:
            case "logs":
                return sum(weight(record) for _, record in self._logs.held())
            case "traces":
                return len(self._spans.held())
            case _:
                raise ValueError(f"no such signal: {signal}")

    def refused(self, signal: str) -> int:
        return 0

    def logs(self, service_name: str) -> Sequence[LogRecord]:
        """The records of one service, in the order they came."""
        return [record for resource, record in self._logs.held() if _service_name(resource) == service_name]

    def spans(self, service_name: str) -> Sequence[Span]:
        """The spans of one service, in the order they came."""
        return [span for resource, span in self._spans.held() if _service_name(resource) == service_name]


class _LogsMemory(LogsServiceServicer):
    def __init__(self) -> None:
        self._lock = Lock()
        self._records: list[tuple[Resource, LogRecord]] = []

    def Export(self, request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> ExportLogsServiceResponse:
        with self._lock:
            self._records.extend(_records(request))
        return ExportLogsServiceResponse()

    def held(self) -> Sequence[tuple[Resource, LogRecord]]:
        with self._lock:
            return tuple(self._records)


class _SpansMemory(TraceServiceServicer):
    def __init__(self) -> None:
        self._lock = Lock()
        self._spans: list[tuple[Resource, Span]] = []

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        with self._lock:
            self._spans.extend(_spans(request))
        return ExportTraceServiceResponse()

    def held(self) -> Sequence[tuple[Resource, Span]]:
        with self._lock:
            return tuple(self._spans)


def weight(record: LogRecord) -> int:
    """How many records this one stands for: `log_count` of the Collector's log_dedup processor, else 1."""
    return next((a.value.int_value for a in record.attributes if a.key == "log_count"), 1)


def _records(request: ExportLogsServiceRequest) -> Iterable[tuple[Resource, LogRecord]]:
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield resource_logs.resource, record


def _spans(request: ExportTraceServiceRequest) -> Iterable[tuple[Resource, Span]]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield resource_spans.resource, span


def _service_name(resource: Resource) -> str:
    return next((a.value.string_value for a in resource.attributes if a.key == "service.name"), "")
