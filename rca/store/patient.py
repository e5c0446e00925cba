"""A store that never loses what another can't take right now."""

import logging
import threading
from collections.abc import Callable, Sequence

from rca.incident import Incident
from rca.store.base import IncidentStore, StoreError

_log = logging.getLogger(__name__)


class PatientStore:
    """Saves to `inner`; what it refuses (a full disk, say) is kept in memory, readable, and saved with the next save.

    `refused` is called for every refusal. Reads that need `inner` raise what it raises.
    """

    def __init__(self, inner: IncidentStore, refused: Callable[[], None]) -> None:
        self._inner = inner
        self._refused = refused
        self._waiting: dict[str, Incident] = {}
        self._lock = threading.Lock()

    def save(self, incident: Incident) -> None:
        with self._lock:
            self._waiting[incident.incident_id] = incident
            self._work_off()

    def get(self, incident_id: str) -> Incident | None:
        return self._waiting.get(incident_id) or self._inner.get(incident_id)

    def list(self) -> Sequence[Incident]:
        with self._lock:
            waiting = dict(self._waiting)
        kept = self._inner.list()
        if not waiting:
            return kept
        merged = [*waiting.values(), *(item for item in kept if item.incident_id not in waiting)]
        return sorted(merged, key=lambda item: (-item.start_unix_nano, item.incident_id))

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        return [(self._waiting.get(item.incident_id, item), score) for item, score in self._inner.search(query, limit)]

    def purge(self) -> None:
        with self._lock:
            self._work_off()
        self._inner.purge()

    def close(self) -> None:
        with self._lock:
            self._work_off()
        self._inner.close()

    def _work_off(self) -> None:
        for incident in list(self._waiting.values()):
            try:
                self._inner.save(incident)
            except StoreError as error:
                self._refused()
                _log.error("incident %s could not be saved yet: %s", incident.incident_id, error)
                return
            del self._waiting[incident.incident_id]
