"""OTLP messages for tests of the doors."""

import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def log(body: str = "a line", at: int | None = None) -> LogRecord:
    """A record of now."""
    moment = time.time_ns() if at is None else at
    return LogRecord(time_unix_nano=moment, severity_number=9, body=AnyValue(string_value=body))  # type: ignore[arg-type]


def span(number: int, at: int | None = None) -> Span:
    """A root span of now that lasted a millisecond."""
    end = time.time_ns() if at is None else at
    return Span(
        trace_id=(number + 1).to_bytes(16, "big"),
        span_id=(number + 1).to_bytes(8, "big"),
        name="op",
        start_time_unix_nano=end - 1_000_000,
        end_time_unix_nano=end,
    )


def logs(*records: LogRecord, service: str = "cart") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    if service:
        group.resource.attributes.add(key="service.name").value.string_value = service
    group.scope_logs.add(log_records=records)
    return request


def spans(*found: Span, service: str = "cart") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    if service:
        group.resource.attributes.add(key="service.name").value.string_value = service
    group.scope_spans.add(spans=found)
    return request
