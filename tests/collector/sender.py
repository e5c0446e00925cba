"""An application that exports to a Collector, or to whatever else takes OTLP/gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.collector.traffic import TrafficSlice


@dataclass(frozen=True, slots=True)
class Sender:
    """Fails when anything is refused."""

    logs: LogsServiceStub
    traces: TraceServiceStub

    def send_logs(self, request: ExportLogsServiceRequest) -> None:
        # The Collector sets partial_success always, empty when all is well.
        assert self.logs.Export(request, timeout=20).partial_success.rejected_log_records == 0

    def send_spans(self, request: ExportTraceServiceRequest) -> None:
        assert self.traces.Export(request, timeout=20).partial_success.rejected_spans == 0

    def send_slice(self, traffic: TrafficSlice) -> None:
        self.send_logs(traffic.logs)
        self.send_spans(traffic.traces)


@contextmanager
def sender_to(address: str) -> Iterator[Sender]:
    with grpc.insecure_channel(address) as channel:
        yield Sender(
            LogsServiceStub(channel),  # type: ignore[no-untyped-call]
            TraceServiceStub(channel),  # type: ignore[no-untyped-call]
        )
