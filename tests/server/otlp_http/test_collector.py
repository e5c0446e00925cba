"""The real Collector's otlp_http exporter at our door, with every encoding and compression it and we both know."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.collector.collector_process import free_ports, wait_until
from tests.running_server import RunningServer
from tests.server.otlp.messages import log, logs, span, spans

pytestmark = [pytest.mark.collector, pytest.mark.timeout(1500)]
StartServer = Callable[..., RunningServer]
EXPORTERS = {
    "otlp_http/plain": {"compression": "none"},
    "otlp_http/gzip": {"compression": "gzip"},
    "otlp_http/zstd": {"compression": "zstd"},
    "otlp_http/deflate": {"compression": "deflate"},
    "otlp_http/zlib": {"compression": "zlib"},
    "otlp_http/json": {"encoding": "json", "compression": "gzip"},
}


@pytest.fixture
def server(start_server: StartServer) -> RunningServer:
    return start_server()


@pytest.fixture
def collector(binary: Path, server: RunningServer, tmp_path: Path) -> Iterator[str]:
    """Its OTLP/gRPC address; what comes there goes to the server once for every exporter."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    pipeline = {"receivers": ["otlp"], "exporters": list(EXPORTERS)}
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": address}}}},
                "exporters": {
                    name: {"endpoint": f"http://{server.otlp_http}", **settings} for name, settings in EXPORTERS.items()
                },
                "service": {
                    "telemetry": {"metrics": {"level": "none"}},
                    "pipelines": {"logs": pipeline, "traces": pipeline},
                },
            }
        )
    )
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([binary, "--config", config], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "Everything is ready" in log.read_text(), 30, log.read_text)
        yield address
    finally:
        process.terminate()
        process.wait(30)
    assert "Exporting failed" not in log.read_text()
    assert "Partial success" not in log.read_text()


def test_every_way_of_sending_arrives(collector: str, server: RunningServer) -> None:
    record = log("order 7 paid")
    record.trace_id, record.span_id = span(1).trace_id, span(1).span_id
    with grpc.insecure_channel(collector) as channel:
        LogsServiceStub(channel).Export(logs(record, log("b"), log("c")), timeout=10)  # type: ignore[no-untyped-call]
        TraceServiceStub(channel).Export(spans(span(1), span(2)), timeout=10)  # type: ignore[no-untyped-call]

    def settled() -> bool:
        status = server.status()
        return all(
            status[signal]["received"] == number * len(EXPORTERS) and not status[signal]["pending"]
            for signal, number in (("logs", 3), ("traces", 2))
        )

    wait_until(settled, 30, lambda: str(server.status()))
    status = server.status()
    assert status["traces"]["rejected"] == status["logs"]["rejected"] == 0
    # The same bytes again, in whatever clothes, are a batch that was sent twice; JSON comes out as other bytes.
    assert status["logs"]["duplicate"] >= 3 * 4
    assert status["traces"]["duplicate"] >= 2 * 4
    for signal in ("logs", "traces"):
        assert status[signal]["counted"] + status[signal]["duplicate"] == status[signal]["received"]
