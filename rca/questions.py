"""Answers from what is remembered, each with what it rests on. No language model is needed for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from rca.incident import Incident
from rca.store.base import IncidentStore

_INCIDENTS = 3


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation; exactly one field is not empty."""

    incident_id: str = ""
    template_id: str = ""
    trace_id: bytes = b""


def answer(question: str, incident: Incident | None, store: IncidentStore) -> Iterator[str | Cited]:
    """Sentences, each followed by its citations: about one incident, or about those the words of the question find."""
    found = [incident] if incident is not None else [item for item, _ in store.search(question, _INCIDENTS)]
    if not found:
        yield "Nothing that is remembered matches the question; ask with the name of a service, an error or a template."
    for item in found:
        yield from _about(item)


def _about(incident: Incident) -> Iterator[str | Cited]:
    yield f"{incident.title} ({incident.state.value}, {incident.severity.name})."
    yield Cited(incident_id=incident.incident_id)
    diagnosis = incident.diagnosis
    if diagnosis is not None:
        yield diagnosis.summary
        cause = diagnosis.root_causes[0] if diagnosis.root_causes else None
        for evidence in cause.evidence if cause else ():
            if evidence.template_id:
                yield Cited(template_id=evidence.template_id)
            for trace_id in evidence.trace_ids:
                yield Cited(trace_id=trace_id)
    if incident.resolution:
        yield f"What ended it: {incident.resolution}"
        yield Cited(incident_id=incident.incident_id)
    for past in diagnosis.similar if diagnosis else ():
        if past.resolution:
            yield f"A similar one, {past.title}, was ended by: {past.resolution}"
            yield Cited(incident_id=past.incident_id)
