"""The spans about our own analyses: they arrive as one tree, and never come back round."""

import os
import time
from collections.abc import Iterable

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.replay import Case, OtlpSender, Pace, WallClock, replay, to_otlp_requests
from clients.replay.sink import OtlpSink
from server.tracing import build_tracer_provider, evidence_links
from tests.collector.collector_process import free_ports
from tests.conftest import StartServer
from tests.running_server import RunningServer, wait_until
from tests.server.outage import SECOND, Outage, record

SETTINGS = {
    "HYPOCENTER_WINDOW__IDLE": "300ms",
    "HYPOCENTER_BASELINE__MIN_HISTORY": "30s",
    "HYPOCENTER_STORE__KIND": "memory",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
}


def send(server: RunningServer, case: Case) -> None:
    with grpc.insecure_channel(server.otlp_grpc) as channel:
        replay(to_otlp_requests(case), OtlpSender(channel), Pace(None, 0, WallClock()))


def children(spans: Iterable[Span], parent: Span) -> list[str]:
    """Names in the order they began."""
    found = [item for item in spans if item.parent_span_id == parent.span_id]
    return [item.name for item in sorted(found, key=lambda item: item.start_time_unix_nano)]


def attributes(span: Span) -> dict[str, str | int]:
    return {item.key: item.value.string_value or item.value.int_value for item in span.attributes}


def test_an_analysis_is_one_tree_at_a_real_endpoint(start_server: StartServer) -> None:
    case = record(Outage(start_unix_nano=time.time_ns() - 200 * SECOND))
    with OtlpSink() as sink:
        server = start_server({**SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink.address}"})
        send(server, case)
        server.settle()
        (incident,) = server.incidents()
        windows = server.metric("hypocenter_windows_closed_total")
        # Stopping flushes what is not sent yet.
        assert server.stop() == 0
        spans = sink.spans()
        groups = [
            group
            for export in sink.exports
            if isinstance(export, ExportTraceServiceRequest)
            for group in export.resource_spans
        ]
    for group in groups:
        said = {item.key: item.value.string_value for item in group.resource.attributes}
        assert (said["service.name"], said["hypocenter.self"]) == ("hypocenter", "true")

    roots = [span for span in spans if span.name == "analyze window"]
    assert len(roots) == windows
    assert all(not root.parent_span_id for root in roots)
    assert len({root.trace_id for root in roots}) == len(roots)
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        if span.parent_span_id:
            parent = by_id[span.parent_span_id]
            assert parent.trace_id == span.trace_id
            assert parent.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano

    analyses = [span for span in spans if span.name == "analyze incident"]
    opening = min(analyses, key=lambda span: span.start_time_unix_nano)
    assert f"incidents/{attributes(opening)['hypocenter.incident.id']}" == incident.name
    assert children(spans, opening) == ["store", "rank", "recall", "store"]
    window = by_id[opening.parent_span_id]
    assert children(spans, window) == ["detect", "analyze incident"]
    assert attributes(window)["hypocenter.window.anomalies"]
    evidence = {link.trace_id.hex() for link in window.links}
    assert evidence
    assert evidence <= {row.trace_id for row in case.spans}
    quiet = next(root for root in roots if not attributes(root).get("hypocenter.window.anomalies"))
    assert children(spans, quiet) == ["detect"]
    assert not quiet.links


def test_its_own_spans_are_never_analysed_into_a_loop(start_server: StartServer) -> None:
    """Its exporter points at its own OTLP port, as behind a Collector that sends everything on."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    server = start_server(
        {**SETTINGS, "HYPOCENTER_OTLP__GRPC": address, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}"}
    )
    case = record(Outage(start_unix_nano=time.time_ns() - 200 * SECOND))
    send(server, case)

    def own() -> int:
        return int(server.status()["traces"]["dropped"].get("own_telemetry", 0))

    server.settle()
    wait_until(lambda: own() > 18, 15, lambda: str(server.status()))
    windows, came_back = server.metric("hypocenter_windows_closed_total"), own()
    server.settle()
    status = server.status()
    assert server.metric("hypocenter_windows_closed_total") == windows
    assert own() - came_back < 18
    assert status["balanced"] is True
    assert status["traces"]["counted"] == len(case.spans)
    assert status["traces"]["received"] == len(case.spans) + own()
    assert server.metric("hypocenter_known_services") == 4


def test_it_stops_in_time_when_nobody_takes_its_spans(start_server: StartServer) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    server = start_server({**SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}"})
    send(server, record(Outage(normal=20, fault=0, start_unix_nano=time.time_ns() - 200 * SECOND)))
    server.settle()
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("exporter", "arrives"), [("otlp", 1), ("none", 0)])
def test_exporting_can_be_switched_off(exporter: str, arrives: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with OtlpSink() as sink:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{sink.address}")
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)
        provider = build_tracer_provider(os.environ)
        provider.get_tracer("test").start_span("one").end()
        provider.shutdown()
    assert len(sink.spans()) == arrives


def test_its_name_can_be_chosen_and_the_mark_stays() -> None:
    provider = build_tracer_provider({"OTEL_SERVICE_NAME": "watchdog"})
    assert provider.resource.attributes["service.name"] == "watchdog"
    assert provider.resource.attributes["hypocenter.self"] == "true"
    provider.shutdown()


def test_links_are_few_valid_and_always_the_same() -> None:
    traces = [number.to_bytes(16, "big") for number in range(100)]
    links = evidence_links([*traces, *traces])
    assert [link.context.trace_id for link in links] == list(range(1, 32))
    assert all(link.context.is_valid and link.context.is_remote for link in links)
    assert [link.context for link in evidence_links(reversed(traces))] == [link.context for link in links]
