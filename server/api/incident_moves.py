"""Changes of incidents on behalf of a caller: checked against the current state, once."""

import time
from collections.abc import Callable
from dataclasses import replace

from rca.incident import Incident, State
from server.api.backend import Backend
from server.api.errors import WrongStateError
from server.api.incident_edit import IncidentEdit
from server.errors import ConflictError


class IncidentMoves:
    """Every move raises `ConflictError` when an etag is given and is not current; repeating one changes nothing.

    The times of moves are event time like all of an incident: the end of what is held, or the clock's when nothing is.
    """

    def __init__(self, backend: Backend, clock: Callable[[], int] = time.time_ns) -> None:
        """`clock` gives nanoseconds since 1970."""
        self._backend = backend
        self._clock = clock

    def edit(self, incident_id: str, etag: str, edit: IncidentEdit) -> Incident:
        return self._move(incident_id, etag, lambda incident, now: edit.apply(incident))

    def acknowledge(self, incident_id: str, etag: str) -> Incident:
        """Raises `WrongStateError` for a resolved incident: that somebody is on it would not be true."""

        def move(incident: Incident, now: int) -> Incident:
            if incident.state is State.ACKNOWLEDGED:
                return incident
            if incident.state is State.RESOLVED:
                raise WrongStateError(f"{incident.name} is resolved; only an open incident can be acknowledged")
            return replace(incident, state=State.ACKNOWLEDGED, acknowledge_unix_nano=now)

        return self._move(incident_id, etag, move)

    def resolve(self, incident_id: str, etag: str, resolution: str) -> Incident:
        """A resolved incident takes a new resolution, so that it can be written down later. Empty changes none."""

        def move(incident: Incident, now: int) -> Incident:
            incident = replace(incident, resolution=resolution or incident.resolution)
            if incident.state is State.RESOLVED:
                return incident
            return replace(incident, state=State.RESOLVED, resolve_unix_nano=now, auto_resolved=False)

        return self._move(incident_id, etag, move)

    def _move(self, incident_id: str, etag: str, move: Callable[[Incident, int], Incident]) -> Incident:
        _, held_end = self._backend.held()
        now = held_end or self._clock()

        def change(current: Incident) -> Incident:
            if etag and etag != current.etag:
                raise ConflictError(f"{current.name} was changed in between; read it again and send its new etag")
            return move(current, max(now, current.update_unix_nano))

        return self._backend.change(incident_id, change)
