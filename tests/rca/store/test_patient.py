"""PatientStore: what can't be saved now is read, and saved later."""

from collections.abc import Sequence
from dataclasses import replace

from rca.incident import Incident
from rca.store.base import StoreError
from rca.store.memory import MemoryStore
from rca.store.patient import PatientStore
from tests.rca.store.incidents import incident


class FullStore(MemoryStore):
    """A store on a disk that can be full."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.saved: list[str] = []

    def save(self, incident: Incident) -> None:
        if self.full:
            raise StoreError("no space left")
        super().save(incident)
        self.saved.append(incident.incident_id)


def ids(found: Sequence[Incident]) -> list[str]:
    return [item.incident_id for item in found]


def test_what_is_refused_is_kept_and_saved_with_the_next() -> None:
    inner, refusals = FullStore(), []
    store = PatientStore(inner, lambda: refusals.append(1))
    first = incident("first")
    store.save(first)
    inner.full = True
    changed = replace(first, title="changed while the disk was full", revision=first.revision + 1)
    store.save(changed)
    store.save(incident("second"))
    assert len(refusals) == 2
    assert store.get("first") == changed
    assert inner.get("first") == first
    assert sorted(ids(store.list())) == ["first", "second"]
    inner.full = False
    store.save(incident("third"))
    assert inner.get("first") == changed
    assert sorted(ids(inner.list())) == ["first", "second", "third"]


def test_closing_saves_what_waits() -> None:
    inner = FullStore()
    store = PatientStore(inner, lambda: None)
    inner.full = True
    store.save(incident("late"))
    inner.full = False
    store.close()
    assert inner.saved == ["late"]
