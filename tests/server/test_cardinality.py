"""A sender that makes up names: memory stays flat, what was folded is said, and its neighbours are as they were."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client import Client
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until
from tests.server.bombs import ORDINARY, ORDINARY_EACH, Bomb

SECOND = 1_000_000_000
# Small, so that all of them are reached early; what is held is short, so that it is full early as well.
LIMITS = {
    "HYPOCENTER_LIMITS__SERVICES": "50",
    "HYPOCENTER_LIMITS__PODS": "20",
    "HYPOCENTER_LIMITS__VERSIONS": "10",
    "HYPOCENTER_LIMITS__TEMPLATES": "40",
    "HYPOCENTER_LIMITS__OPERATIONS": "40",
    "HYPOCENTER_LIMITS__OPEN_SPANS": "4000",
    "HYPOCENTER_BASELINE__MAX_TEMPLATES": "100",
    "HYPOCENTER_WINDOW__RETENTION": "60s",
    "HYPOCENTER_STORE__KIND": "memory",
}
# One batch a bucket.
STEP = 5 * SECOND
PARTS, BATCHES, RECORDS, SPANS = 4, 40, 400, 300
# Not edges: where all peers are "<other>" there are few; their bound is tested with the assembler.
FOLDED = ("services", "pods", "versions", "templates", "operations")


@contextmanager
def exporting(server: RunningServer) -> Iterator[tuple[Callable[..., object], Callable[..., object]]]:
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        logs, traces = LogsServiceStub(channel), TraceServiceStub(channel)  # type: ignore[no-untyped-call]
        yield logs.Export, traces.Export


def drained(server: RunningServer) -> bool:
    status = server.status()
    assert status["balanced"], status
    return not status["logs"]["pending"] and not status["traces"]["pending"]


@pytest.mark.timeout(180)
def test_names_without_end_leave_memory_flat_and_neighbours_unharmed(start_server: StartServer) -> None:
    server = start_server(LIMITS)
    bomb = Bomb()
    begin = (time.time_ns() - 3600 * SECOND) // STEP * STEP
    resident: list[float] = []
    batch = 0
    with exporting(server) as (logs, traces):
        # The ordinary service was there before.
        logs(bomb.logs(0, begin), timeout=10)
        traces(bomb.spans(0, begin), timeout=10)
        for _ in range(PARTS):
            for _ in range(BATCHES):
                batch += 1
                now = begin + batch * STEP
                # Now new services, now one service with new everything else.
                services = batch % 2 == 0
                logs(bomb.logs(RECORDS, now, services=services), timeout=10)
                traces(bomb.spans(SPANS, now, services=services), timeout=10)
            wait_until(lambda: drained(server), 60, lambda: f"{server.status()}")
            resident.append(server.metric("hypocenter_resident_bytes"))
    for what in FOLDED:
        assert server.metric("hypocenter_folded_total", what=what) > BATCHES, what
    # Both parts came when everything was full. Kept, the names of one part would take more than 90 MiB.
    assert resident[-1] - resident[-2] < 32 * 2**20, [size / 2**20 for size in resident]

    status = server.status()
    assert status["logs"]["received"] == status["logs"]["counted"] == batch * (RECORDS + ORDINARY_EACH) + ORDINARY_EACH
    assert (
        status["traces"]["received"] == status["traces"]["counted"] == batch * (SPANS + ORDINARY_EACH) + ORDINARY_EACH
    )
    assert server.metric("hypocenter_unaccounted_records") == 0
    assert server.metric("hypocenter_known_services") <= 51
    assert server.metric("hypocenter_open_spans") <= 4000
    with Client(server.api_grpc) as client:
        # Ten buckets that are closed and still held.
        graph = client.get_service_graph(
            start_time=_time(begin + (batch - 20) * STEP), end_time=_time(begin + (batch - 10) * STEP)
        )
        templates = list(client.list_log_templates(ORDINARY))
    nodes = {node.service_name: node for node in graph.nodes}
    assert {ORDINARY, "<other>"} <= nodes.keys()
    assert len(nodes) <= 51
    assert nodes[ORDINARY].span_count == 10 * ORDINARY_EACH
    assert [template.text for template in templates] == ["order <*> was taken"]


def _time(unix_nano: int) -> Timestamp:
    moment = Timestamp()
    moment.FromNanoseconds(unix_nano)
    return moment
