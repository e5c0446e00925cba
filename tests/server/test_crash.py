"""kill -9 at random moments, and start again: every acknowledged record is there, once."""

import random
import threading
import time
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until

SECOND = 1_000_000_000
ROUNDS = 4
SETTINGS = {"HYPOCENTER_JOURNAL__CHECKPOINT_EVERY": "300ms", "HYPOCENTER_JOURNAL__SEGMENT_BYTES": "200000"}


def logs(number: int, now: int) -> ExportLogsServiceRequest:
    """Twenty records that no other batch has."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = f"service-{number % 5}"
    records = group.scope_logs.add().log_records
    for row in range(20):
        record = records.add(time_unix_nano=now + row, severity_number=9)
        record.body.string_value = f"batch {number} row {row} was handled"
    return request


def spans(number: int, now: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = f"service-{number % 5}"
    part = group.scope_spans.add()
    for row in range(10):
        key = (number * 100 + row + 1).to_bytes(8, "big")
        part.spans.add(
            trace_id=key * 2, span_id=key, name="work", start_time_unix_nano=now, end_time_unix_nano=now + row
        )
    return request


class Sender:
    """Sends batches one after the other, as a Collector does: what was not acknowledged is sent again."""

    def __init__(self) -> None:
        self.records = 0
        self.spans = 0
        self._number = 0
        self._again: list[ExportLogsServiceRequest | ExportTraceServiceRequest] = []

    def send(self, server: RunningServer, stop: threading.Event) -> None:
        with grpc.insecure_channel(server.otlp_grpc) as channel:
            logs_stub, traces_stub = LogsServiceStub(channel), TraceServiceStub(channel)  # type: ignore[no-untyped-call]
            while not stop.is_set():
                batches, self._again = self._again or self._fresh(), []
                for batch in batches:
                    stub = logs_stub if isinstance(batch, ExportLogsServiceRequest) else traces_stub
                    try:
                        stub.Export(batch, timeout=5)
                    except grpc.RpcError:
                        self._again.append(batch)
                if self._again and not server.running:
                    return

    def flush(self, server: RunningServer) -> None:
        """Until everything is acknowledged."""
        while self._again:
            done = threading.Event()
            threading.Timer(0.2, done.set).start()
            self.send(server, done)

    def _fresh(self) -> list[ExportLogsServiceRequest | ExportTraceServiceRequest]:
        self._number += 1
        now = time.time_ns()
        self.records += 20
        self.spans += 10
        return [logs(self._number, now), spans(self._number, now)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1])
def test_killed_at_random_moments_nothing_is_lost_or_counted_twice(start_server: StartServer, seed: int) -> None:
    draw = random.Random(seed)
    sender = Sender()
    for _ in range(ROUNDS):
        server = start_server(SETTINGS)
        stop = threading.Event()
        thread = threading.Thread(target=sender.send, args=(server, stop))
        thread.start()
        time.sleep(draw.uniform(0.2, 2.0))
        server.kill()
        stop.set()
        thread.join()
    server = start_server(SETTINGS)
    sender.flush(server)
    wait_until(
        lambda: not server.status()["logs"]["pending"] and not server.status()["traces"]["pending"],
        20,
        lambda: str(server.status()),
    )
    status = server.status()
    assert status["balanced"]
    assert status["logs"]["counted"] == sender.records
    assert status["traces"]["counted"] == sender.spans
    assert status["logs"]["dropped"] == status["traces"]["dropped"] == {}
    assert sender.records > 1000


def test_a_clean_stop_and_start_forgets_nothing(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(SETTINGS)
    sender = Sender()
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    sender.send(server, stop)
    sender.flush(server)
    wait_until(
        lambda: not any(server.status()[name]["pending"] for name in ("logs", "traces")),
        10,
        lambda: str(server.status()),
    )
    before = server.status()
    known = server.metric("hypocenter_known_services")
    assert server.stop() == 0
    server = start_server(SETTINGS)
    after = server.status()
    assert {name: after[name] for name in ("logs", "traces")} == {name: before[name] for name in ("logs", "traces")}
    assert after["watermark_unix_nano"] == before["watermark_unix_nano"]
    assert server.metric("hypocenter_known_services") == known
    assert "took up" not in server.stderr


def test_the_same_batch_sent_twice_counts_once_unless_its_records_have_no_time(start_server: StartServer) -> None:
    server = start_server()
    timed, timeless = logs(1, time.time_ns()), logs(2, 0)
    for record in timeless.resource_logs[0].scope_logs[0].log_records:
        record.time_unix_nano = 0
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        stub = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        for batch in (timed, timed, timeless, timeless):
            stub.Export(batch, timeout=5)
    wait_until(lambda: not server.status()["logs"]["pending"], 10, lambda: str(server.status()))
    found = server.status()["logs"]
    assert (found["received"], found["counted"], found["duplicate"]) == (80, 60, 20)
