"""Incidents between the tracker that moves them, the store that keeps them and the feed that tells of them."""

from collections.abc import Callable
from dataclasses import replace

from rca.incident import Incident, State
from rca.merging import merged, suffering, twin
from rca.recall import candidates, previous, similar
from rca.store.base import IncidentStore
from rca.tracker import NEW_NORMAL_LABEL, diagnosed
from server.engine import Engine
from server.errors import NotFoundError
from server.feed import Change, IncidentFeed

_SIMILAR = 5


class IncidentBook:
    """The one place where an incident changes."""

    def __init__(self, engine: Engine, store: IncidentStore, feed: IncidentFeed) -> None:
        self.store = store
        self.feed = feed
        self._engine = engine

    def record(self, incident: Incident) -> None:
        """Keep what the tracker came to; open incidents that turn out to be one failure are merged."""
        with self._engine.lock:
            known = self.store.get(incident.incident_id)
            if known is not None and known.merged_into and not incident.merged_into:
                # The tracker told of it in the same breath.
                return
            self._engine.tracker.put(incident)
            self.store.save(incident)
            if known is None:
                change = Change.CREATED
            elif incident.state is State.RESOLVED and known.state is not State.RESOLVED:
                change = Change.RESOLVED
            else:
                change = Change.UPDATED
            self.feed.publish(change, incident)
            other = twin(incident, self._engine.tracker.live)
            if other is not None:
                kept, gone = merged(incident, other, max(incident.update_unix_nano, other.update_unix_nano))
                self.record(gone)
                self.record(kept)

    def diagnose(self, incident: Incident) -> Incident:
        """With a diagnosis over all of its time so far, on what is still held of it."""
        if NEW_NORMAL_LABEL in incident.labels and incident.diagnosis is not None:
            # Measured against what is normal now, it would be nothing.
            return incident
        margin = self._engine.timeline.settings.duration
        held = self._engine.tracker.find(incident.incident_id)
        if held is not None and held.revision > incident.revision:
            # Another was merged into it since the tracker told of it.
            incident = replace(
                incident,
                services=tuple(sorted({*incident.services, *held.services})),
                core=tuple(sorted({*incident.core, *held.core})),
                apart=held.apart,
                start_unix_nano=min(incident.start_unix_nano, held.start_unix_nano),
                revision=held.revision,
            )
        diagnosis, anomalies = self._engine.diagnose(
            incident.start_unix_nano - margin,
            incident.seen_unix_nano,
            incident.core or incident.services,
            suffering(incident, self._engine.tracker.live),
        )
        if incident.diagnosis is not None:
            if incident.root_cause is not None and not diagnosis.root_causes:
                # What was taken for normal meanwhile, or is held no longer, was seen all the same.
                return incident
            diagnosis = replace(diagnosis, similar=incident.diagnosis.similar)
        return diagnosed(incident, diagnosis, anomalies)

    def recall(self, incident: Incident) -> Incident:
        """With the past incidents that resemble it. Asked again only when it has another cause or spread further: to
        compare with hundreds takes a while, and an open incident comes by with every window."""
        if incident.diagnosis is None:
            return incident
        before = self.store.get(incident.incident_id)
        known = before is not None and (before.root_cause, before.services) == (incident.root_cause, incident.services)
        if before is not None and before.diagnosis is not None and known:
            return replace(incident, diagnosis=replace(incident.diagnosis, similar=before.diagnosis.similar))
        past = candidates(self.store, incident, 200)
        found = similar(incident, past, _SIMILAR)
        return replace(
            incident,
            diagnosis=replace(incident.diagnosis, similar=found),
            previous_incident=previous(incident, past) or incident.previous_incident,
        )

    def change(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """A person's change. Raises `NotFoundError`; what `change` raises goes through and nothing is saved."""
        with self._engine.lock:
            known = self.store.get(incident_id)
            if known is None:
                raise NotFoundError(f"incidents/{incident_id}: there is no such incident; list them to see which are")
            changed = change(known)
            if changed == known:
                return known
            now = max(known.update_unix_nano, self._engine.timeline.newest_unix_nano)
            changed = replace(changed, revision=known.revision + 1, update_unix_nano=now)
            self.record(changed)
            return changed
