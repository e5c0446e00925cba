"""S: the generated servicers as they come, doing nothing.

`python -m tests.benchmarks.stock_server` prints its address and runs until its stdin ends.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)

_WORKERS = 8


class Nothing(LogsServiceServicer):
    """Parsed request in, empty response out."""

    def Export(self, request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> ExportLogsServiceResponse:
        return ExportLogsServiceResponse()


def run(servicer: LogsServiceServicer) -> None:
    """Until stdin ends, which it does when the benchmark is gone."""
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=[("grpc.max_receive_message_length", 64 * 2**20)])
    add_LogsServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    run(Nothing())
