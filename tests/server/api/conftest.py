from collections.abc import Iterator

import grpc
import pytest
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub
from hypocenter.v1.root_cause_service_pb2_grpc import RootCauseServiceStub

from server.api.door import ApiServer
from server.api.limits import ApiLimits
from tests.server.api.memory_backend import MemoryBackend


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend(feed_length=20)


@pytest.fixture
def limits() -> ApiLimits:
    return ApiLimits(watches=3)


@pytest.fixture
def server(backend: MemoryBackend, limits: ApiLimits) -> Iterator[ApiServer]:
    server = ApiServer(backend, "127.0.0.1:0", workers=4, max_analyze_records=5, limits=limits)
    yield server
    server.stop(0)


@pytest.fixture
def channel(server: ApiServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.start()) as channel:
        yield channel


@pytest.fixture
def incidents(channel: grpc.Channel) -> IncidentServiceStub:
    return IncidentServiceStub(channel)


@pytest.fixture
def logs_api(channel: grpc.Channel) -> LogServiceStub:
    return LogServiceStub(channel)


@pytest.fixture
def causes(channel: grpc.Channel) -> RootCauseServiceStub:
    return RootCauseServiceStub(channel)
