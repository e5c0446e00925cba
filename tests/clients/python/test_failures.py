"""Errors are told apart and carry what the server said; only safe calls are repeated."""

import socket
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from hypocenter import client as api
from hypocenter.client import (
    Client,
    DeadlineExceeded,
    FieldViolation,
    HypocenterError,
    InvalidArgument,
    RequestError,
    ResourceExhausted,
    RetryPolicy,
    ServiceError,
    Unavailable,
)
from hypocenter.client.retry import ONCE
from hypocenter.client.testing import Failure, RememberingServer
from hypocenter.v1 import incident_pb2
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from tests.collector.relay import Relay

AWAY = Failure(grpc.StatusCode.UNAVAILABLE, "away")


def busy(seconds: float) -> Failure:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromNanoseconds(int(seconds * 1e9))
    return Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", (retry,))


@pytest.mark.parametrize(
    ("code", "kind", "family"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, api.InvalidArgument, RequestError),
        (grpc.StatusCode.OUT_OF_RANGE, api.OutOfRange, RequestError),
        (grpc.StatusCode.NOT_FOUND, api.NotFound, RequestError),
        (grpc.StatusCode.ABORTED, api.Conflict, RequestError),
        (grpc.StatusCode.ALREADY_EXISTS, api.Conflict, RequestError),
        (grpc.StatusCode.FAILED_PRECONDITION, api.Conflict, RequestError),
        (grpc.StatusCode.UNAUTHENTICATED, api.Unauthenticated, RequestError),
        (grpc.StatusCode.PERMISSION_DENIED, api.PermissionDenied, RequestError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, api.ResourceExhausted, ServiceError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, api.DeadlineExceeded, ServiceError),
        (grpc.StatusCode.CANCELLED, api.Cancelled, ServiceError),
        (grpc.StatusCode.UNIMPLEMENTED, api.Unimplemented, ServiceError),
        (grpc.StatusCode.INTERNAL, api.InternalError, ServiceError),
        (grpc.StatusCode.UNKNOWN, api.InternalError, ServiceError),
        (grpc.StatusCode.DATA_LOSS, api.InternalError, ServiceError),
    ],
)
def test_every_code_has_its_error(
    server: RememberingServer,
    client: Client,
    code: grpc.StatusCode,
    kind: type[HypocenterError],
    family: type[HypocenterError],
) -> None:
    server.fail("GetIncident", Failure(code, "because"))
    with pytest.raises(family) as raised:
        client.get_incident("incidents/a")
    assert type(raised.value) is kind
    assert (raised.value.code, raised.value.message) == (code, "because")
    # None of these is worth a second attempt.
    assert len(server.requests) == 1


def test_an_error_carries_reason_and_field_violations(server: RememberingServer, client: Client) -> None:
    info = error_details_pb2.ErrorInfo(reason="BAD_FILTER", domain="hypocenter", metadata={"near": "stat"})
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="filter", description="unknown field stat; did you mean state?")
    server.fail("ListIncidents", Failure(grpc.StatusCode.INVALID_ARGUMENT, "bad filter", (info, bad)))
    with pytest.raises(InvalidArgument) as raised:
        list(client.list_incidents(filter="stat = 1"))
    error = raised.value
    assert (error.reason, error.domain, dict(error.metadata)) == ("BAD_FILTER", "hypocenter", {"near": "stat"})
    assert error.field_violations == (FieldViolation("filter", "unknown field stat; did you mean state?"),)
    assert str(error) == "INVALID_ARGUMENT: bad filter\n  filter: unknown field stat; did you mean state?"


def test_a_read_is_repeated_until_the_server_is_back(server: RememberingServer, client: Client) -> None:
    server.put(incident_pb2.Incident(name="incidents/a"))
    server.fail("GetIncident", AWAY, AWAY, AWAY)
    assert client.get_incident("incidents/a").name == "incidents/a"
    assert len(server.requests) == 4


def test_attempts_are_bounded(server: RememberingServer) -> None:
    server.fail("GetIncident", *[AWAY] * 10)
    impatient = RetryPolicy(max_attempts=3, initial_backoff=0.0)
    with Client(server.address, retry=impatient) as client, pytest.raises(Unavailable, match="away"):
        client.get_incident("incidents/a")
    assert len(server.requests) == 3


def test_a_stated_delay_is_kept(server: RememberingServer, client: Client) -> None:
    server.put(incident_pb2.Incident(name="incidents/a"))
    server.fail("GetIncident", busy(0.3))
    started = time.monotonic()
    client.get_incident("incidents/a")
    assert time.monotonic() - started >= 0.3
    assert len(server.requests) == 2


def test_a_limit_without_a_delay_is_final(server: RememberingServer, client: Client) -> None:
    server.fail("GetIncident", Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "too large"))
    with pytest.raises(ResourceExhausted) as raised:
        client.get_incident("incidents/a")
    assert raised.value.retry_delay is None
    assert len(server.requests) == 1


def test_a_delay_beyond_the_timeout_is_not_waited_for(server: RememberingServer, client: Client) -> None:
    server.fail("GetIncident", busy(90))
    started = time.monotonic()
    with pytest.raises(ResourceExhausted) as raised:
        client.get_incident("incidents/a", timeout=50)
    assert time.monotonic() - started < 10
    assert raised.value.retry_delay == pytest.approx(90)


def test_analyze_logs_is_repeated_only_with_a_request_id(server: RememberingServer, client: Client) -> None:
    server.fail("AnalyzeLogs", AWAY)
    client.analyze_logs(LogsData(), request_id="once")
    assert len(server.requests) == 2
    server.fail("AnalyzeLogs", AWAY)
    with pytest.raises(Unavailable):
        client.analyze_logs(LogsData())
    assert len(server.requests) == 3


def test_writes_and_questions_are_never_repeated(server: RememberingServer, client: Client) -> None:
    for method in ("AcknowledgeIncident", "ResolveIncident", "UpdateIncident", "AnswerQuestion"):
        server.fail(method, AWAY)
    with pytest.raises(Unavailable):
        client.acknowledge_incident("incidents/a")
    with pytest.raises(Unavailable):
        client.resolve_incident("incidents/a")
    with pytest.raises(Unavailable):
        client.update_incident(incident_pb2.Incident(name="incidents/a"))
    with pytest.raises(Unavailable):
        list(client.answer_question("why?"))
    assert len(server.requests) == 4


def test_a_server_that_is_slow_to_connect_to_is_reached_at_once(server: RememberingServer) -> None:
    server.put(incident_pb2.Incident(name="incidents/a"))
    with Relay(server.address, delay=0.5) as far, Client(far.address, retry=ONCE) as client:
        assert client.get_incident("incidents/a").name == "incidents/a"


def test_nothing_listening_is_unavailable() -> None:
    with socket.socket() as held:
        # Bound and not listening: nobody else gets the port, and nobody answers on it.
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        impatient = RetryPolicy(max_attempts=2, initial_backoff=0.01)
        with Client(address, retry=impatient) as client, pytest.raises(Unavailable):
            client.get_incident("incidents/a", timeout=5)


def test_a_server_that_never_answers_meets_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with Client(address) as client, pytest.raises((DeadlineExceeded, Unavailable)):
            client.get_incident("incidents/a", timeout=0.2)


@pytest.mark.parametrize("wrong", [{"max_attempts": 0}, {"initial_backoff": -1.0}, {"max_backoff": 0.01}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not a retry policy"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
