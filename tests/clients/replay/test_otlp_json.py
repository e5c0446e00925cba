"""What a Collector wrote to a file leaves as it was, but for its times."""

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clients.replay import LogsBatch, ReplayError, TracesBatch, read_case, to_otlp_requests

START = 1_700_000_000_000_000_000
TRACE = "5b8efff798038103d269b633813fc60c"
RESOURCE = {
    "attributes": [
        {"key": "service.name", "value": {"stringValue": "cart"}},
        {"key": "service.namespace", "value": {"stringValue": "shop"}},
        {"key": "k8s.pod.name", "value": {"stringValue": "cart-1"}},
    ]
}
# As the Collector writes it: 64-bit numbers as strings, ids in hex, enums as numbers, and fields we never heard of.
LOGS = {
    "resourceLogs": [
        {
            "resource": RESOURCE,
            "schemaUrl": "https://example.com/resource",
            "scopeLogs": [
                {
                    "scope": {"name": "checkout", "version": "1.2"},
                    "schemaUrl": "https://example.com/scope",
                    "logRecords": [
                        {
                            "timeUnixNano": str(START),
                            "observedTimeUnixNano": str(START + 7),
                            "severityNumber": 17,
                            "severityText": "Error",
                            "body": {"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "3"}}]}},
                            "attributes": [{"key": "traceId", "value": {"stringValue": "not an id"}}],
                            "traceId": TRACE.upper(),
                            "spanId": "eee19b7ec3c1b174",
                            "eventName": "order.failed",
                            "flags": 1,
                            "fromTheFuture": {"a": 1},
                        }
                    ],
                }
            ],
        }
    ]
}
SPANS = {
    "resourceSpans": [
        {
            "resource": RESOURCE,
            "scopeSpans": [
                {
                    "scope": {},
                    "spans": [
                        {
                            "traceId": TRACE,
                            "spanId": "eee19b7ec3c1b173",
                            "parentSpanId": "eee19b7ec3c1b172",
                            "traceState": "ot=th:8",
                            "name": "POST /order",
                            "kind": 2,
                            "startTimeUnixNano": str(START - 10),
                            "endTimeUnixNano": str(START + 10),
                            "events": [{"timeUnixNano": str(START), "name": "exception"}],
                            "links": [{"traceId": TRACE, "spanId": "eee19b7ec3c1b171"}],
                            "status": {"code": 2, "message": "boom"},
                        }
                    ],
                }
            ],
        }
    ]
}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_every_field_survives_and_times_move(tmp_path: Path) -> None:
    case = read_case(write(tmp_path / "otel.json", LOGS, {"resourceMetrics": []}, {}, SPANS))
    assert (len(case.logs), len(case.spans), case.skipped_metrics) == (1, 1, 2)
    assert (case.first_unix_nano, case.last_unix_nano) == (START - 10, START + 10)
    logs, traces = to_otlp_requests(case, shift_nano=100)
    assert isinstance(logs, LogsBatch)
    assert isinstance(traces, TracesBatch)
    resource = Resource(
        attributes=[
            KeyValue(key="service.name", value=AnyValue(string_value="cart")),
            KeyValue(key="service.namespace", value=AnyValue(string_value="shop")),
            KeyValue(key="k8s.pod.name", value=AnyValue(string_value="cart-1")),
        ]
    )
    expected_logs = ExportLogsServiceRequest()
    scope_logs = expected_logs.resource_logs.add(
        resource=resource, schema_url="https://example.com/resource"
    ).scope_logs.add(scope=InstrumentationScope(name="checkout", version="1.2"), schema_url="https://example.com/scope")
    record = LogRecord(
        time_unix_nano=START + 100,
        observed_time_unix_nano=START + 107,
        severity_number=17,  # type: ignore[arg-type]
        severity_text="Error",
        attributes=[KeyValue(key="traceId", value=AnyValue(string_value="not an id"))],
        trace_id=bytes.fromhex(TRACE),
        span_id=bytes.fromhex("eee19b7ec3c1b174"),
        event_name="order.failed",
        flags=1,
    )
    record.body.kvlist_value.values.add(key="n", value=AnyValue(int_value=3))
    scope_logs.log_records.append(record)
    assert logs.request == expected_logs
    span = Span(
        trace_id=bytes.fromhex(TRACE),
        span_id=bytes.fromhex("eee19b7ec3c1b173"),
        parent_span_id=bytes.fromhex("eee19b7ec3c1b172"),
        trace_state="ot=th:8",
        name="POST /order",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=START + 90,
        end_time_unix_nano=START + 110,
        status=Status(code=Status.STATUS_CODE_ERROR, message="boom"),
    )
    span.events.add(time_unix_nano=START + 100, name="exception")
    span.links.add(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex("eee19b7ec3c1b171"))
    expected_traces = ExportTraceServiceRequest()
    expected_traces.resource_spans.add(resource=resource).scope_spans.add(scope=InstrumentationScope()).spans.append(
        span
    )
    assert traces.request == expected_traces


def test_a_folder_of_collector_files_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "rotated-1.jsonl", LOGS, LOGS)
    write(tmp_path / "rotated-2.jsonl", SPANS)
    case = read_case(tmp_path)
    assert (len(case.logs), len(case.spans)) == (2, 1)


@pytest.mark.parametrize("wrong", ["not hex at all", "5b8efff7", 12])
def test_an_id_that_is_not_hex_is_named(tmp_path: Path, wrong: object) -> None:
    line = json.loads(json.dumps(SPANS))
    line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = wrong
    with pytest.raises(ReplayError, match="must be 32 hex digits") as raised:
        read_case(write(tmp_path / "otel.json", SPANS, line))
    assert (raised.value.place.line, raised.value.place.field) == (2, "traceId")
