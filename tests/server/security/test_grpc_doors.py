"""Tokens at the gRPC doors of a running service: what is refused leaves nothing behind but a count."""

from collections.abc import Iterator

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from hypocenter.v1.incident_service_pb2 import ListIncidentsRequest
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub
from hypocenter.v1.log_service_pb2 import AnalyzeLogsRequest
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub

from tests.running_server import RunningServer
from tests.server.otlp import messages
from tests.server.security.conftest import INGEST, OPERATE, READ, WRONG
from tests.server.security.page import Page

BODY = messages.logs(messages.log()).SerializeToString()


@pytest.fixture(scope="module")
def otlp(with_tokens: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(with_tokens.otlp_grpc) as channel:
        yield channel


@pytest.fixture(scope="module")
def api(with_tokens: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(with_tokens.api_grpc) as channel:
        yield channel


@pytest.fixture(scope="module")
def page(with_tokens: RunningServer) -> Page:
    return Page(with_tokens.web_http, {"Authorization": f"Bearer {READ}"})


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


def answered(channel: grpc.Channel, method: str, body: bytes, token: str) -> tuple[grpc.StatusCode, str]:
    """The code, and the reason among its details."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    answer = call.future(body, timeout=20, metadata=bearer(token))
    answer.exception()
    if answer.code() is not grpc.StatusCode.OK:
        assert not token or token not in str(answer.details())
        status, info = rpc_status.from_call(answer), ErrorInfo()
        if status is not None and status.details:
            status.details[0].Unpack(info)
        return answer.code(), info.reason
    return grpc.StatusCode.OK, ""


@pytest.mark.parametrize("method", [messages.LOGS, messages.TRACES])
@pytest.mark.parametrize(
    ("token", "code", "reason"),
    [
        ("", grpc.StatusCode.UNAUTHENTICATED, "missing"),
        (WRONG, grpc.StatusCode.UNAUTHENTICATED, "unknown"),
        (READ, grpc.StatusCode.PERMISSION_DENIED, "role"),
        (OPERATE, grpc.StatusCode.PERMISSION_DENIED, "role"),
    ],
)
def test_otlp_refuses_stores_nothing_and_counts(
    otlp: grpc.Channel, page: Page, method: str, token: str, code: grpc.StatusCode, reason: str
) -> None:
    labels = {"door": "otlp.grpc", "reason": reason}
    before = page.metric("hypocenter_refused_credentials_total", **labels)
    received = page.received()
    assert answered(otlp, method, BODY, token) == (code, f"TOKEN_{reason.upper()}")
    assert page.metric("hypocenter_refused_credentials_total", **labels) == before + 1
    assert page.received() == received


def test_otlp_takes_what_comes_with_ingest(otlp: grpc.Channel, page: Page) -> None:
    received = page.received()
    body = messages.logs(messages.log("let in")).SerializeToString()
    assert answered(otlp, messages.LOGS, body, INGEST) == (grpc.StatusCode.OK, "")
    assert page.received() == received + 1


def test_a_large_message_is_refused_without_waiting_for_it(otlp: grpc.Channel) -> None:
    code, _ = answered(otlp, messages.LOGS, bytes(30 * 2**20), WRONG)
    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_many_refusals_do_not_tie_up_the_door(otlp: grpc.Channel) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = otlp.unary_unary(messages.LOGS)
    calls = [call.future(BODY, timeout=20, metadata=bearer(WRONG)) for _ in range(200)]
    assert {item.exception().code() for item in calls} == {grpc.StatusCode.UNAUTHENTICATED}  # type: ignore[union-attr]
    assert answered(otlp, messages.LOGS, b"", INGEST)[0] is grpc.StatusCode.OK


@pytest.mark.parametrize("method", ["UpdateIncident", "AcknowledgeIncident", "ResolveIncident"])
def test_changes_need_operate(api: grpc.Channel, method: str) -> None:
    path = f"/hypocenter.v1.IncidentService/{method}"
    assert answered(api, path, b"", "")[0] is grpc.StatusCode.UNAUTHENTICATED
    for token in (READ, INGEST):
        assert answered(api, path, b"", token) == (grpc.StatusCode.PERMISSION_DENIED, "TOKEN_ROLE")
    # Let in, and told what is missing.
    assert answered(api, path, b"", OPERATE)[0] is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("token", [READ, OPERATE])
def test_the_rest_needs_read(api: grpc.Channel, token: str) -> None:
    IncidentServiceStub(api).ListIncidents(ListIncidentsRequest(), timeout=20, metadata=bearer(token))
    path = "/hypocenter.v1.LogService/AnalyzeLogs"
    logs = messages.logs(messages.log())
    request = AnalyzeLogsRequest()
    request.logs.resource_logs.extend(logs.resource_logs)
    answer = LogServiceStub(api).AnalyzeLogs(request, timeout=20, metadata=bearer(token))
    assert answer.analyzed_record_count == 1
    assert answered(api, path, request.SerializeToString(), INGEST)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert answered(api, path, request.SerializeToString(), "")[0] is grpc.StatusCode.UNAUTHENTICATED


def test_streams_are_refused_too(api: grpc.Channel) -> None:
    watch: grpc.UnaryStreamMultiCallable[bytes, bytes] = api.unary_stream(
        "/hypocenter.v1.IncidentService/WatchIncidents"
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(iter(watch(b"", timeout=20)))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_unknown_methods_tell_nobody_that_they_are(api: grpc.Channel) -> None:
    assert answered(api, "/hypocenter.v1.Nothing/Get", b"", "")[0] is grpc.StatusCode.UNAUTHENTICATED
    assert answered(api, "/hypocenter.v1.Nothing/Get", b"", READ)[0] is grpc.StatusCode.UNIMPLEMENTED


def test_health_is_open_and_reflection_is_not(api: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(api)
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection = reflection_pb2_grpc.ServerReflectionStub(api)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with pytest.raises(grpc.RpcError) as caught:
        next(reflection.ServerReflectionInfo(iter([request]), timeout=20))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    listed = next(reflection.ServerReflectionInfo(iter([request]), timeout=20, metadata=bearer(READ)))
    names = {service.name for service in listed.list_services_response.service}
    assert "hypocenter.v1.IncidentService" in names
