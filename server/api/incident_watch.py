"""WatchIncidents: list, then watch."""

import threading
from collections.abc import Iterator
from types import MappingProxyType

import grpc
from hypocenter.v1 import incident_pb2, incident_service_pb2

from rca.incident import Incident
from rca.store.base import IncidentStore
from server.api.errors import OverloadError, StaleTokenError
from server.api.filter import Filter
from server.api.incident_fields import incident_filter
from server.api.messages.incidents import to_incident
from server.api.tokens import binding, seal, unseal
from server.errors import FieldViolation, InvalidInputError, UnavailableError
from server.feed import Change, FeedEntry, IncidentFeed, TooOldError

# How long a reader that is gone, or a server that stops, may go unnoticed, in seconds.
_PULSE = 0.5
_RETRY_SECONDS = 1.0
_Response = incident_service_pb2.WatchIncidentsResponse
_EVENTS = MappingProxyType(
    {
        Change.CREATED: _Response.EVENT_TYPE_CREATED,
        Change.UPDATED: _Response.EVENT_TYPE_UPDATED,
        Change.RESOLVED: _Response.EVENT_TYPE_RESOLVED,
    }
)
# Before the first incident of the listing, which goes by start, then id.
_FIRST = (-1, "")


class WatchBudget:
    """How many watches may run at a time, and whether they are to end because the server stops."""

    def __init__(self, watches: int) -> None:
        self._free = threading.BoundedSemaphore(watches)
        self._stopping = threading.Event()

    def enter(self) -> None:
        """Raises `OverloadError` when all are taken; leave after having entered."""
        if not self._free.acquire(blocking=False):
            raise OverloadError("too many watches are running; try again later", retry_after=_RETRY_SECONDS)

    def leave(self) -> None:
        self._free.release()

    def stop(self) -> None:
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()


class IncidentWatch:
    """One reader's stream.

    Each message's token says where to go on: while the current matches are being listed, the place in the listing and
    the change it started from; afterwards the last change seen. Changes are published after they are stored, so a
    listing that starts by noting the newest change misses none; one made meanwhile may come twice.

    A token holds for one process (`epoch`), because changes are counted from its start. An incident that stops
    matching the filter is sent once more, so that the reader learns of it.
    """

    def __init__(
        self,
        request: incident_service_pb2.WatchIncidentsRequest,
        view: incident_pb2.IncidentView,
        epoch: str,
        budget: WatchBudget,
    ) -> None:
        """Raises `InvalidInputError` and `StaleTokenError`."""
        self._filter: Filter[Incident] = incident_filter(request.filter)
        self._view = view
        self._budget = budget
        self._epoch = epoch
        self._binding = binding(request, "resume_token")
        self._sequence: int | None = None
        self._listed: tuple[int, str] | None = _FIRST
        self._shown: set[str] = set()
        if request.resume_token:
            self._sequence, self._listed = self._resume(request.resume_token)

    def run(
        self, feed: IncidentFeed, store: IncidentStore, context: grpc.ServicerContext
    ) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        """Until the reader leaves, falls behind by more than the feed holds, or the server stops."""
        self._budget.enter()
        try:
            sequence = feed.sequence if self._sequence is None else self._sequence
            self._check(feed, sequence)
            if self._listed is not None:
                yield from self._current(store, sequence, self._listed)
                yield _Response(event_type=_Response.EVENT_TYPE_SYNCED, resume_token=self._token(sequence))
            while context.is_active():
                for entry in self._wait(feed, sequence):
                    sequence = entry.sequence
                    yield from self._changed(entry)
        finally:
            self._budget.leave()

    def _current(
        self, store: IncidentStore, sequence: int, after: tuple[int, str]
    ) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        for incident in sorted(filter(self._filter.matches, store.list()), key=_place):
            self._shown.add(incident.incident_id)
            place = _place(incident)
            if place > after:
                yield _Response(
                    event_type=_Response.EVENT_TYPE_CREATED,
                    incident=to_incident(incident, self._view),
                    resume_token=self._token(sequence, *place),
                )

    def _changed(self, entry: FeedEntry) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
        incident = entry.incident
        matches = self._filter.matches(incident)
        if matches:
            self._shown.add(incident.incident_id)
        elif incident.incident_id in self._shown:
            self._shown.remove(incident.incident_id)
        else:
            return
        yield _Response(
            event_type=_EVENTS[entry.change],
            incident=to_incident(incident, self._view),
            resume_token=self._token(entry.sequence),
        )

    def _wait(self, feed: IncidentFeed, sequence: int) -> list[FeedEntry]:
        try:
            fresh = feed.after(sequence, _PULSE)
        except TooOldError:
            raise _behind() from None
        if fresh is None or self._budget.stopping:
            raise UnavailableError("the server is stopping; continue with the last resume_token", _RETRY_SECONDS)
        if fresh and fresh[0].sequence != sequence + 1:
            # More came in one go, while this reader was asleep, than the feed holds.
            raise _behind()
        return fresh

    def _check(self, feed: IncidentFeed, sequence: int) -> None:
        try:
            feed.after(sequence, 0)
        except TooOldError:
            raise _stale() from None

    def _token(self, sequence: int, *listed: int | str) -> str:
        return seal(self._binding, self._epoch, sequence, *listed)

    def _resume(self, token: str) -> tuple[int, tuple[int, str] | None]:
        match unseal(token, self._binding):
            case (str(epoch), int(sequence)):
                listed = None
            case (str(epoch), int(sequence), int(start), str(incident_id)):
                listed = (start, incident_id)
            case _:
                description = "was not given for this filter and view: send it with those, or leave it out"
                raise InvalidInputError(FieldViolation("resume_token", description))
        if epoch != self._epoch:
            raise _stale()
        return sequence, listed


def _stale() -> StaleTokenError:
    return StaleTokenError("the changes after this resume_token are no longer all held: watch again without it")


def _behind() -> OverloadError:
    return OverloadError("this reader fell behind by more changes than are held; watch again without a resume_token")


def _place(incident: Incident) -> tuple[int, str]:
    return incident.start_unix_nano, incident.incident_id
