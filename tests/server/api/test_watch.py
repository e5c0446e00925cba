"""Watching incidents: list, then watch, and going on where it was left."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import grpc
from hypocenter.v1 import incident_pb2
from hypocenter.v1.incident_service_pb2 import (
    AcknowledgeIncidentRequest,
    GetIncidentRequest,
    ResolveIncidentRequest,
    WatchIncidentsRequest,
    WatchIncidentsResponse,
)
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub

from rca.incident import Severity, State
from server.api.door import ApiServer
from server.feed import Change
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.refusal import refusal, refused_fields
from tests.server.api.samples import T0, incident

NAMES = {
    WatchIncidentsResponse.EVENT_TYPE_CREATED: "created",
    WatchIncidentsResponse.EVENT_TYPE_UPDATED: "updated",
    WatchIncidentsResponse.EVENT_TYPE_RESOLVED: "resolved",
    WatchIncidentsResponse.EVENT_TYPE_SYNCED: "synced",
}


def take(stream: Iterator[WatchIncidentsResponse], count: int) -> list[WatchIncidentsResponse]:
    return list(islice(stream, count))


def events(messages: list[WatchIncidentsResponse]) -> list[str]:
    return [
        " ".join(filter(None, (NAMES[item.event_type], item.incident.name.removeprefix("incidents/"))))
        for item in messages
    ]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_current_matches_then_synced_then_changes(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    backend.put(incident("low", severity=Severity.LOW))
    stream = incidents.WatchIncidents(WatchIncidentsRequest(filter="severity = HIGH"))
    messages = take(stream, 2)
    assert events(messages) == ["created a", "synced"]
    assert all(item.resume_token for item in messages)
    assert not messages[0].incident.anomalies
    backend.put(incident("b"))
    backend.put(incident("low2", severity=Severity.LOW))
    incidents.AcknowledgeIncident(AcknowledgeIncidentRequest(name="incidents/b"))
    incidents.ResolveIncident(ResolveIncidentRequest(name="incidents/a", resolution="restarted"))
    messages = take(stream, 3)
    assert events(messages) == ["created b", "updated b", "resolved a"]
    assert messages[2].incident.resolution == "restarted"
    stream.cancel()


def test_what_stops_matching_is_told_once(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    stream = incidents.WatchIncidents(WatchIncidentsRequest(filter="state = OPEN"))
    assert events(take(stream, 2)) == ["created a", "synced"]
    backend.put(incident("a", state=State.RESOLVED), Change.RESOLVED)
    backend.put(incident("a", state=State.RESOLVED, title="still resolved"), Change.UPDATED)
    backend.put(incident("b"))
    assert events(take(stream, 2)) == ["resolved a", "created b"]
    stream.cancel()


def test_the_view_is_the_callers(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    stream = incidents.WatchIncidents(WatchIncidentsRequest(view=incident_pb2.INCIDENT_VIEW_FULL))
    assert next(stream).incident.diagnosis.summary
    stream.cancel()


def test_a_watch_goes_on_after_its_token(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    stream = incidents.WatchIncidents(WatchIncidentsRequest(filter="state = OPEN"))
    assert events(take(stream, 1)) == ["synced"]
    backend.put(incident("a"))
    token = take(stream, 1)[0].resume_token
    stream.cancel()
    backend.put(incident("b"))
    backend.put(incident("c", state=State.RESOLVED))
    backend.put(incident("d"))
    resumed = incidents.WatchIncidents(WatchIncidentsRequest(filter="state = OPEN", resume_token=token))
    assert events(take(resumed, 2)) == ["created b", "created d"]
    resumed.cancel()


def test_a_listing_that_was_cut_goes_on_too(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    for number in range(4):
        backend.put(incident(f"i{number}", start_unix_nano=T0 + number))
    stream = incidents.WatchIncidents(WatchIncidentsRequest())
    token = take(stream, 2)[1].resume_token
    stream.cancel()
    backend.put(incident("new", start_unix_nano=T0 - 1))
    resumed = incidents.WatchIncidents(WatchIncidentsRequest(resume_token=token))
    # "new" lies before the place in the listing, so it comes as a change.
    assert events(take(resumed, 4)) == ["created i2", "created i3", "synced", "created new"]
    resumed.cancel()


def test_a_token_that_is_too_old_is_out_of_range(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    stream = incidents.WatchIncidents(WatchIncidentsRequest())
    token = take(stream, 1)[0].resume_token
    stream.cancel()
    for number in range(21):
        backend.put(incident(f"i{number}"))
    error = refusal(lambda: next(incidents.WatchIncidents(WatchIncidentsRequest(resume_token=token))))
    assert (error.code, error.reason) == (grpc.StatusCode.OUT_OF_RANGE, "STALE_TOKEN")


def test_a_token_of_another_process_is_out_of_range(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    token = take(incidents.WatchIncidents(WatchIncidentsRequest()), 1)[0].resume_token
    other = ApiServer(backend, "127.0.0.1:0")
    try:
        with grpc.insecure_channel(other.start()) as channel:
            stream = IncidentServiceStub(channel).WatchIncidents(WatchIncidentsRequest(resume_token=token))
            assert refusal(lambda: next(stream)).code is grpc.StatusCode.OUT_OF_RANGE
    finally:
        other.stop(0)


def test_bad_requests(incidents: IncidentServiceStub) -> None:
    def first(request: WatchIncidentsRequest) -> WatchIncidentsResponse:
        return next(incidents.WatchIncidents(request))

    token = first(WatchIncidentsRequest()).resume_token
    for request, field in (
        (WatchIncidentsRequest(filter="color = red"), "filter"),
        (WatchIncidentsRequest(resume_token="nonsense"), "resume_token"),
        (WatchIncidentsRequest(filter="state = OPEN", resume_token=token), "resume_token"),
        (WatchIncidentsRequest(view=9), "view"),  # type: ignore[arg-type]
    ):
        assert refused_fields(partial(first, request)) == [field]


def test_watches_are_few_and_leave_the_others_their_threads(
    incidents: IncidentServiceStub, backend: MemoryBackend
) -> None:
    backend.put(incident("a"))
    streams = [incidents.WatchIncidents(WatchIncidentsRequest()) for _ in range(3)]
    for stream in streams:
        assert events(take(stream, 2)) == ["created a", "synced"]
    error = refusal(lambda: next(incidents.WatchIncidents(WatchIncidentsRequest())))
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOAD")
    assert error.retry_delay
    assert incidents.GetIncident(GetIncidentRequest(name="incidents/a"), timeout=5).incident.name == "incidents/a"
    # A reader that leaves makes room, soon.
    streams[0].cancel()

    def room() -> bool:
        stream = incidents.WatchIncidents(WatchIncidentsRequest())
        try:
            return events(take(stream, 1)) == ["created a"]
        except grpc.RpcError:
            return False
        finally:
            stream.cancel()

    until(room)
    for stream in streams:
        stream.cancel()


def test_a_slow_reader_is_cut_and_told(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    stream = incidents.WatchIncidents(WatchIncidentsRequest())
    assert events(take(stream, 1)) == ["synced"]
    # More than the feed holds and than flow control lets out, faster than anybody reads.
    large = incident("large", resolution="x" * 1_000_000)
    for number in range(60):
        backend.put(replace(large, revision=number), Change.UPDATED)
    revisions: list[int] = []
    # Whatever came before the cut is without a gap: nothing is skipped in silence.
    error = refusal(lambda: revisions.extend(int(item.incident.etag.split("-")[1]) for item in stream))
    assert revisions == list(range(len(revisions)))
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOAD")


def test_a_stopping_server_sends_readers_elsewhere(
    incidents: IncidentServiceStub, server: ApiServer, backend: MemoryBackend
) -> None:
    stream = incidents.WatchIncidents(WatchIncidentsRequest())
    assert events(take(stream, 1)) == ["synced"]
    began = time.monotonic()
    server.stop(10)
    assert time.monotonic() - began < 5
    error = refusal(lambda: next(stream))
    assert (error.code, error.retry_delay) == (grpc.StatusCode.UNAVAILABLE, 1.0)


def test_a_closed_feed_ends_the_watch(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    stream = incidents.WatchIncidents(WatchIncidentsRequest())
    assert events(take(stream, 1)) == ["synced"]
    backend.put(incident("last"))
    backend.feed.close()
    assert events(take(stream, 1)) == ["created last"]
    assert refusal(lambda: next(stream)).code is grpc.StatusCode.UNAVAILABLE
