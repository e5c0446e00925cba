"""Deep values are cut and everything else stays."""

import pytest
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from clients.conformance.samples import every_kind, nested
from server.otlp.deep_values import KEPT_DEPTH, cut_deep_values


def maps(depth: int) -> AnyValue:
    """A map in a map, that many times."""
    value = AnyValue(int_value=1)
    for _ in range(depth):
        outer = AnyValue()
        outer.kvlist_value.values.add(key="k").value.CopyFrom(value)
        value = outer
    return value


def depth_of(value: AnyValue) -> int:
    inner = [*value.array_value.values, *(item.value for item in value.kvlist_value.values)]
    return 1 + max(map(depth_of, inner)) if inner else 0


def test_the_limit_is_protobuf_s_and_below_what_sdks_may_send() -> None:
    ExportLogsServiceRequest.FromString(nested(48))
    with pytest.raises(DecodeError):
        ExportLogsServiceRequest.FromString(nested(49))


@pytest.mark.parametrize("depth", [49, 64, 5000])
def test_what_lies_too_deep_is_cut_and_the_rest_of_the_batch_stays(depth: int) -> None:
    good = every_kind()
    cut = cut_deep_values(good.SerializeToString() + nested(depth), ExportLogsServiceRequest)
    assert cut is not None
    request = ExportLogsServiceRequest.FromString(cut)
    assert request.resource_logs[0] == good.resource_logs[0]
    assert depth_of(request.resource_logs[1].scope_logs[0].log_records[0].body) == KEPT_DEPTH


@pytest.mark.parametrize("depth", [0, 1, KEPT_DEPTH])
def test_what_is_not_too_deep_stays_as_it_is(depth: int) -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="deep").value.CopyFrom(maps(depth))
    group.scope_spans.add().spans.add(name="work").attributes.add(key="deep").value.CopyFrom(maps(depth))
    cut = cut_deep_values(request.SerializeToString(), ExportTraceServiceRequest)
    assert cut is not None
    assert ExportTraceServiceRequest.FromString(cut) == request


@pytest.mark.parametrize("request_type", [ExportLogsServiceRequest, ExportTraceServiceRequest])
@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x7fcut short"])
def test_what_can_not_be_read_for_another_reason_stays_unreadable(request_type: type[Message], body: bytes) -> None:
    assert cut_deep_values(body, request_type) is None
