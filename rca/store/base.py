"""What keeps incidents."""

from collections.abc import Sequence
from typing import Protocol

from rca.incident import Incident


class StoreError(Exception):
    """The store can't do what was asked; the message says what to do about it."""


class IncidentStore(Protocol):
    """Incidents, by id. Safe to use from several threads; one process writes.

    `save` replaces what has the same id and is durable (against a crash of this process) when it returns. What is
    returned is a value of its own: changing the store later does not change it.
    """

    def save(self, incident: Incident) -> None: ...

    def get(self, incident_id: str) -> Incident | None:
        """None when there is none."""
        ...

    def list(self) -> Sequence[Incident]:
        """All, newest start first, ties by id."""
        ...

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        """Those whose text (title, services, hypotheses, templates, resolution) holds any of the words of `query`,
        best first with a score that is comparable within one answer. Any string is a valid query; Chinese works."""
        ...

    def purge(self) -> None:
        """What was replaced by a `save` is nowhere any more when this returns."""
        ...

    def close(self) -> None:
        """Safe to call more than once."""
        ...
