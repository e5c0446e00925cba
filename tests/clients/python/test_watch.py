"""A watch outlives its connections and loses nothing between them."""

import socket
from collections.abc import Iterator
from itertools import islice

import grpc
import pytest
from hypocenter.client import Client, OutOfRange, ResourceExhausted, RetryPolicy, Unavailable
from hypocenter.client.testing import Failure, RememberingServer
from hypocenter.v1 import incident_pb2, incident_service_pb2

Message = incident_service_pb2.WatchIncidentsResponse


def names(messages: Iterator[Message], count: int) -> list[str]:
    return [m.incident.name or Message.EventType.Name(m.event_type) for m in islice(messages, count)]


def test_current_then_synced_then_changes(server: RememberingServer, client: Client) -> None:
    server.put(incident_pb2.Incident(name="incidents/a"))
    watch = client.watch_incidents(filter="state = OPEN")
    assert names(watch, 2) == ["incidents/a", "EVENT_TYPE_SYNCED"]
    server.put(incident_pb2.Incident(name="incidents/b"))
    assert names(watch, 1) == ["incidents/b"]


def test_a_cut_watch_goes_on_after_the_last_token(server: RememberingServer, client: Client) -> None:
    watch = client.watch_incidents(filter="state = OPEN")
    assert names(watch, 1) == ["EVENT_TYPE_SYNCED"]
    server.put(incident_pb2.Incident(name="incidents/a"))
    assert names(watch, 1) == ["incidents/a"]
    server.cut_watches(Failure(grpc.StatusCode.UNAVAILABLE, "moving"))
    server.put(incident_pb2.Incident(name="incidents/b"))
    # The server syncs anew, then sends only what was missed.
    assert names(watch, 2) == ["EVENT_TYPE_SYNCED", "incidents/b"]
    assert server.requests == [
        incident_service_pb2.WatchIncidentsRequest(filter="state = OPEN"),
        incident_service_pb2.WatchIncidentsRequest(filter="state = OPEN", resume_token="1"),
    ]


def test_a_restarted_server_is_found_again(server: RememberingServer, client: Client) -> None:
    watch = client.watch_incidents()
    assert names(watch, 1) == ["EVENT_TYPE_SYNCED"]
    server.put(incident_pb2.Incident(name="incidents/a"))
    assert names(watch, 1) == ["incidents/a"]
    server.stop()
    server.start()
    server.put(incident_pb2.Incident(name="incidents/b"))
    assert names(watch, 2) == ["EVENT_TYPE_SYNCED", "incidents/b"]


def test_a_token_that_is_too_old_is_out_of_range(server: RememberingServer, client: Client) -> None:
    server.oldest_token = 5
    with pytest.raises(OutOfRange):
        next(client.watch_incidents(resume_token="3"))


def test_a_slow_reader_that_was_cut_off_is_told(server: RememberingServer, client: Client) -> None:
    watch = client.watch_incidents()
    next(watch)
    server.cut_watches(Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow"))
    with pytest.raises(ResourceExhausted, match="too slow"):
        next(watch)


def test_a_server_that_does_not_come_back_is_given_up(server: RememberingServer, client: Client) -> None:
    watch = client.watch_incidents(reconnect_within=0.3)
    next(watch)
    server.stop()
    with pytest.raises(Unavailable):
        next(watch)


def test_a_wrong_address_fails_soon() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        impatient = RetryPolicy(max_attempts=2, initial_backoff=0.01)
        with Client(address, retry=impatient) as client, pytest.raises(Unavailable):
            next(client.watch_incidents())


def test_closing_the_iterator_ends_the_call(server: RememberingServer, client: Client) -> None:
    watch = client.watch_incidents()
    next(watch)
    assert server.watching == 1
    watch.close()
    server.wait_until_unwatched(timeout=5)
    assert server.watching == 0
