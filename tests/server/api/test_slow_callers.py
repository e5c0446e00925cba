"""Callers of the API whose message does not come: others are served meanwhile, and they are ended."""

from collections.abc import Iterator
from itertools import islice
from threading import Event
from typing import cast

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from hypocenter.v1.incident_service_pb2 import ListIncidentsRequest, WatchIncidentsRequest
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub

from server.api.door import ApiServer
from server.api.limits import ApiLimits
from tests.server.api.memory_backend import MemoryBackend

# More than are worked on at a time: 2 and 2 watches.
SILENT = 20
LIMITS = ApiLimits(watches=2)
METHODS = (
    "/hypocenter.v1.IncidentService/ListIncidents",
    "/hypocenter.v1.IncidentService/WatchIncidents",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)


class Silent:
    """Calls that are opened and never send anything."""

    def __init__(self, channel: grpc.Channel, method: str) -> None:
        self._never = Event()
        streaming: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
        self.calls = [streaming(self._messages(), timeout=60) for _ in range(SILENT)]

    def end(self) -> None:
        for call in self.calls:
            call.cancel()
        self._never.set()

    def codes(self) -> set[grpc.StatusCode]:
        """Once all have ended."""
        for call in self.calls:
            with pytest.raises(grpc.RpcError):
                next(call)
        return {call.code() for call in self.calls}

    def _messages(self) -> Iterator[bytes]:
        self._never.wait(60)
        yield from ()


@pytest.mark.parametrize("method", METHODS)
def test_calls_without_a_message_block_nobody_and_are_ended(backend: MemoryBackend, method: str) -> None:
    server = ApiServer(backend, "127.0.0.1:0", workers=2, limits=LIMITS, message_wait=2.0)
    with grpc.insecure_channel(server.start()) as channel:
        silent = Silent(channel, method)
        try:
            assert not IncidentServiceStub(channel).ListIncidents(ListIncidentsRequest(), timeout=10).incidents
            check = HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
            assert check.status == health_pb2.HealthCheckResponse.SERVING
            assert all(call.is_active() for call in silent.calls)
            assert silent.codes() == {grpc.StatusCode.CANCELLED}
        finally:
            silent.end()
    server.stop(0)


def test_streams_of_answers_are_not_ended(backend: MemoryBackend) -> None:
    server = ApiServer(backend, "127.0.0.1:0", workers=2, limits=LIMITS, message_wait=0.2)
    with grpc.insecure_channel(server.start()) as channel:
        watches = [IncidentServiceStub(channel).WatchIncidents(WatchIncidentsRequest()) for _ in range(LIMITS.watches)]
        for watch in watches:
            assert len(list(islice(watch, 1))) == 1
        health = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(health).status == health_pb2.HealthCheckResponse.SERVING
        silent = Silent(channel, METHODS[0])
        assert silent.codes() == {grpc.StatusCode.CANCELLED}
        silent.end()
        assert not any(watch.done() for watch in (*watches, health))
        for watch in (*watches, health):
            watch.cancel()
    server.stop(0)


@pytest.mark.parametrize("method", METHODS[:4])
def test_no_message_at_all_is_no_request(channel: grpc.Channel, method: str) -> None:
    assert refusal(channel, method) is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("method", METHODS[:4])
def test_bytes_that_are_no_message_are_the_caller_s_fault(channel: grpc.Channel, method: str) -> None:
    assert refusal(channel, method, b"\xff\xff") is grpc.StatusCode.INVALID_ARGUMENT


def refusal(channel: grpc.Channel, method: str, *messages: bytes) -> grpc.StatusCode:
    streaming: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
    with pytest.raises(grpc.RpcError) as raised:
        next(streaming(iter(messages), timeout=10))
    return cast(grpc.Call, raised.value).code()
