"""Incidents as they open and change, read from WatchIncidents."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import grpc
from hypocenter.v1.incident_pb2 import INCIDENT_VIEW_FULL, Incident
from hypocenter.v1.incident_service_pb2 import WatchIncidentsRequest, WatchIncidentsResponse
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub

if TYPE_CHECKING:
    from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceAsyncStub

_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_PAUSE_SECONDS = 1.0
_WATCH_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED)


@dataclass(frozen=True, slots=True)
class News:
    """An incident as it is now. old: it was there when the watch began."""

    incident: Incident
    old: bool


async def watch_incidents(address: str) -> AsyncIterator[News]:
    """Every state of every incident, for ever; goes on where it was when the stream is cut.

    Raises grpc.aio.AioRpcError when the server refuses to be watched.
    """
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = cast("IncidentServiceAsyncStub", IncidentServiceStub(channel))
        token = ""
        synced = False
        while True:
            request = WatchIncidentsRequest(view=INCIDENT_VIEW_FULL, resume_token=token)
            try:
                async for event in stub.WatchIncidents(request):
                    token = event.resume_token or token
                    if event.event_type == WatchIncidentsResponse.EVENT_TYPE_SYNCED:
                        synced = True
                    elif event.HasField("incident"):
                        yield News(event.incident, old=not synced)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.OUT_OF_RANGE:
                    token = ""
                elif error.code() not in _WATCH_AGAIN:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)


def diagnosed(incident: Incident) -> bool:
    """Whether the analysis of the incident has come to a result, if only to an inconclusive one."""
    return bool(incident.diagnosis.root_causes or incident.diagnosis.inconclusive_reason)
