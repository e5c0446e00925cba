"""The same servicer with one thread of stock Drain3 where Hypocenter has its miner.

Runs with the interpreter of the benchmark's own virtual environment.
"""

import threading

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceServicer

from tests.benchmarks.stock_drain import stock_miner
from tests.benchmarks.stock_server import run


class Mining(LogsServiceServicer):
    """Parse, walk the bodies, mine each; Drain3 is not safe for threads."""

    def __init__(self) -> None:
        self._miner = stock_miner(masked=True)
        self._lock = threading.Lock()

    def Export(self, request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> ExportLogsServiceResponse:
        with self._lock:
            for group in request.resource_logs:
                for part in group.scope_logs:
                    for record in part.log_records:
                        self._miner.add_log_message(record.body.string_value)
        return ExportLogsServiceResponse()


if __name__ == "__main__":
    run(Mining())
