"""A process with little memory: it tells senders to wait before the kernel ends it, recovers, and loses nothing."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until

SETTINGS = {"HYPOCENTER_STORE__KIND": "memory", "HYPOCENTER_LIMITS__MEMORY": "0"}
MEBIBYTE = 2**20
# Room above what an idle process needs; the requests below take several times as much when they come at once.
ROOM = 64 * MEBIBYTE
# So many senders send until one of them is told to wait, which is sooner or later, or so many requests each.
SENDERS, MOST_REQUESTS, RECORDS = 16, 40, 2000


def request(number: int, records: int = RECORDS) -> bytes:
    """About 4 MiB."""
    made = ExportLogsServiceRequest()
    group = made.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = "heavy"
    found = group.scope_logs.add().log_records
    now = time.time_ns()
    for row in range(records):
        record = found.add(time_unix_nano=now, severity_number=9)
        record.body.string_value = f"request {number} wrote row {row}"
        record.attributes.add(key="note").value.string_value = "x" * 2000
    return made.SerializeToString()


class Collector:
    """Sends what it has until it is acknowledged; waits as long as it is told to, but for a test's patience."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self.delays: list[float] = []
        self.taken = 0

    def send(self, first: int) -> None:
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(self._address, options) as channel:
            stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
            for number in range(first, first + MOST_REQUESTS):
                sent = ExportLogsServiceRequest.FromString(request(number))
                while (delay := self._refused(stub, sent)) is not None:
                    time.sleep(min(delay, 1.0))
                with self._lock:
                    self.taken += 1
                    if self.delays:
                        return

    def _refused(self, stub: LogsServiceStub, sent: ExportLogsServiceRequest) -> float | None:
        """Seconds that it was told to wait; None when it was taken."""
        try:
            stub.Export(sent, timeout=30)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            status = rpc_status.from_call(error)
            assert status is not None
            (detail,) = status.details
            retry = RetryInfo()
            assert detail.Unpack(retry)
            delay: float = retry.retry_delay.ToTimedelta().total_seconds()
            with self._lock:
                self.delays.append(delay)
            return delay
        return None


def taken(stub: LogsServiceStub, made: ExportLogsServiceRequest) -> bool:
    try:
        stub.Export(made, timeout=30)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


def counted(server: RunningServer, records: int) -> bool:
    logs = server.status()["logs"]
    return bool(logs["counted"] == records and not logs["pending"])


def test_with_a_ceiling_below_what_the_idle_process_has_work_goes_on(start_server: StartServer) -> None:
    server = start_server({**SETTINGS, "HYPOCENTER_LIMITS__MEMORY": "64MiB"})
    wait_until(lambda: server.metric("hypocenter_memory_throttling") == 1, 10, lambda: server.get("/metrics"))
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        for number in range(2):
            made = ExportLogsServiceRequest.FromString(request(number, records=10))
            wait_until(partial(taken, stub, made), 30, lambda: server.stderr)
    wait_until(lambda: counted(server, 20), 10, lambda: str(server.status()))


@pytest.mark.timeout(180)
def test_senders_wait_while_memory_is_short_and_nothing_is_lost(start_server: StartServer) -> None:
    idle = start_server(SETTINGS)
    base = int(idle.metric("hypocenter_resident_bytes"))
    assert idle.metric("hypocenter_memory_ceiling_bytes") == 0
    assert idle.stop() == 0

    ceiling = base + ROOM
    server = start_server({**SETTINGS, "HYPOCENTER_LIMITS__MEMORY": str(ceiling)})
    assert server.metric("hypocenter_memory_ceiling_bytes") == ceiling
    collector = Collector(server.otlp_grpc)
    with ThreadPoolExecutor(SENDERS) as threads:
        for done in [threads.submit(collector.send, sender * MOST_REQUESTS) for sender in range(SENDERS)]:
            done.result()
    sent = collector.taken * RECORDS
    wait_until(lambda: counted(server, sent), 30, lambda: str(server.status()))
    assert server.metric("hypocenter_throttled_requests_total", reason="memory") == len(collector.delays) > 0
    assert all(0.5 <= delay <= 30 for delay in collector.delays)
    status = server.status()
    assert status["balanced"]
    assert (status["logs"]["received"], status["logs"]["duplicate"]) == (sent, 0)
    wait_until(lambda: server.metric("hypocenter_memory_throttling") == 0, 20, lambda: server.get("/metrics"))
    assert "senders are told to wait" in server.stderr
    assert "senders are let in again" in server.stderr
