"""A store that is opened when there is something to keep."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from rca.incident import Incident
from rca.store.base import IncidentStore
from rca.store.directory import StoreDirectory


class LazyStore:
    """For a folder in which nothing was ever kept: empty until the first `save`, by which `build` is called. Until
    then the folder is kept from other processes. What `build` raises, `save` raises."""

    def __init__(self, folder: Path, build: Callable[[], IncidentStore]) -> None:
        """Raises `StoreError` when the folder can't be made or another process holds it."""
        self._build = build
        self._lock = threading.Lock()
        self._directory: StoreDirectory | None = StoreDirectory(folder)
        self._inner: IncidentStore | None = None

    def save(self, incident: Incident) -> None:
        with self._lock:
            if self._inner is None:
                if self._directory is not None:
                    self._directory.release()
                    self._directory = None
                self._inner = self._build()
        self._inner.save(incident)

    def get(self, incident_id: str) -> Incident | None:
        return self._inner.get(incident_id) if self._inner else None

    def list(self) -> Sequence[Incident]:
        return self._inner.list() if self._inner else ()

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        return self._inner.search(query, limit) if self._inner else ()

    def purge(self) -> None:
        if self._inner:
            self._inner.purge()

    def close(self) -> None:
        with self._lock:
            if self._directory is not None:
                self._directory.release()
                self._directory = None
            if self._inner is not None:
                self._inner.close()
