"""The port: health, reflection, limits, and a clear error when it is taken."""

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
from hypocenter.v1.incident_service_pb2 import ListIncidentsRequest
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub
from hypocenter.v1.log_service_pb2 import AnalyzeLogsRequest
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub

from server.api.door import SERVICES, ApiServer
from server.api.limits import ApiLimits
from server.listening import AddressError
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.samples import logs

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_the_three_services_are_there() -> None:
    assert sorted(SERVICES) == [
        "hypocenter.v1.IncidentService",
        "hypocenter.v1.LogService",
        "hypocenter.v1.RootCauseService",
    ]


def test_reflection_lists_and_describes_the_services(channel: grpc.Channel) -> None:
    reflection = ServerReflectionStub(channel)
    asked = [
        ServerReflectionRequest(list_services=""),
        ServerReflectionRequest(file_containing_symbol="hypocenter.v1.LogService"),
    ]
    listing, described = reflection.ServerReflectionInfo(iter(asked))
    names = {service.name for service in listing.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    assert described.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_health_overall_and_of_each_service(server: ApiServer, channel: grpc.Channel, service: str) -> None:
    health = HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    assert health.Check(request).status == SERVING
    stream = health.Watch(request)
    assert next(stream).status == SERVING
    server.set_not_serving()
    assert health.Check(request).status == next(stream).status == NOT_SERVING
    server.set_serving()
    assert health.Check(request).status == next(stream).status == SERVING
    stream.cancel()


def test_the_health_of_what_is_not_there(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_used_port_is_named(server: ApiServer, backend: MemoryBackend) -> None:
    address = server.start()
    other = ApiServer(backend, address)
    with pytest.raises(AddressError, match=f"{address}.*in use"):
        other.start()
    other.stop(0)


def test_an_address_that_is_none(backend: MemoryBackend) -> None:
    server = ApiServer(backend, "127.0.0.1:notaport")
    with pytest.raises(AddressError, match="notaport"):
        server.start()
    server.stop(0)


def test_requests_larger_than_the_limit_are_refused(backend: MemoryBackend) -> None:
    server = ApiServer(backend, "127.0.0.1:0", limits=ApiLimits(message_bytes=10_000_000))
    try:
        with grpc.insecure_channel(server.start()) as channel:
            stub = LogServiceStub(channel)
            # More than the 4 MiB gRPC allows by default.
            stub.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x" * 9_000_000)))
            with pytest.raises(grpc.RpcError) as raised:
                stub.AnalyzeLogs(AnalyzeLogsRequest(logs=logs("x" * 11_000_000)))
            assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    finally:
        server.stop(0)


def test_a_stopped_server_does_not_answer_and_frees_its_port(backend: MemoryBackend) -> None:
    first = ApiServer(backend, "127.0.0.1:0")
    address = first.start()
    first.stop(1)
    first.stop(1)
    second = ApiServer(backend, address)
    assert second.start() == address
    with grpc.insecure_channel(address) as channel:
        assert not IncidentServiceStub(channel).ListIncidents(ListIncidentsRequest(), timeout=10).incidents
    second.stop(0)
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as raised:
        IncidentServiceStub(channel).ListIncidents(ListIncidentsRequest(), timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
