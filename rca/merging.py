"""Several incidents at a time: those that turn out to be one failure, and what each of them accounts for."""

from collections.abc import Iterable
from dataclasses import replace

from analyzers.service import ServiceKey
from rca.incident import MAX_ANOMALIES, Incident, State

# Share of what speaks against the first candidate below which what speaks against another is next to nothing.
_SERIOUS = 0.3


def twin(incident: Incident, others: Iterable[Incident]) -> Incident | None:
    """The oldest other incident that goes on, and whose diagnosis and this one's blame the same; None when all stand
    by themselves."""
    same = [
        item
        for item in others
        if item.incident_id != incident.incident_id
        and item.ongoing
        and incident.ongoing
        and (_explains(item, incident) or _explains(incident, item))
    ]
    return min(same, key=lambda item: item.age, default=None)


def suffering(incident: Incident, others: Iterable[Incident]) -> frozenset[ServiceKey]:
    """Services that suffer from an older incident that goes on, or in which another began that was told apart from this
    one: what they show is accounted for, and says nothing of this one. Those where an older one is believed to have
    begun are not among them."""
    older = [item for item in others if item.ongoing and item.age < incident.age]
    found = {service for item in older for service in item.core if service != item.root_cause}
    return frozenset(found - set(incident.core)) | frozenset(incident.apart)


def merged(one: Incident, other: Incident, now_unix_nano: int) -> tuple[Incident, Incident]:
    """The earlier of two with what the later one had, and the later one, over and merged into it."""
    earlier, later = sorted((one, other), key=lambda item: item.age)
    anomalies = {item.key: item for item in (*later.anomalies, *earlier.anomalies)}
    strongest = sorted(anomalies.values(), key=lambda item: (-abs(item.surprise), item.anomaly_id))
    kept = replace(
        earlier,
        services=tuple(sorted({*earlier.services, *later.services})),
        core=tuple(sorted({*earlier.core, *later.core})),
        # What was told apart from the one for the sake of the other belongs to it after all.
        apart=tuple(sorted({*earlier.apart, *later.apart} - {*later.core, *filter(None, (later.root_cause,))})),
        anomalies=tuple(strongest[:MAX_ANOMALIES]),
        severity=max(earlier.severity, later.severity),
        start_unix_nano=min(earlier.start_unix_nano, later.start_unix_nano),
        seen_unix_nano=max(earlier.seen_unix_nano, later.seen_unix_nano),
        update_unix_nano=now_unix_nano,
        revision=earlier.revision + 1,
    )
    gone = replace(
        later,
        state=State.RESOLVED,
        merged_into=earlier.incident_id,
        end_unix_nano=later.end_unix_nano or now_unix_nano,
        resolve_unix_nano=now_unix_nano,
        update_unix_nano=now_unix_nano,
        revision=later.revision + 1,
    )
    return kept, gone


def _explains(one: Incident, other: Incident) -> bool:
    """Whether what `other` blames is what `one` blames, or follows from it: it lies on the way along which the failure
    of `one` spreads, or was ruled out there because of another's troubles."""
    cause = other.root_cause
    if one.diagnosis is None or cause is None or not one.diagnosis.root_causes:
        return False
    best, *others = one.diagnosis.root_causes
    if not _goes_on(best.service, other):
        return False
    if cause in best.path:
        return True
    return any(
        item.service == cause
        and any(reason.signal.startswith("explained_by_calle") and reason.contribution < 0 for reason in item.evidence)
        for item in others
    )


def _goes_on(service: ServiceKey, incident: Incident) -> bool:
    """Whether something was wrong there in the time of that incident as well: else it can't have brought it about."""
    found = incident.diagnosis.root_causes if incident.diagnosis is not None else ()
    return any(item.service == service and item.score >= _SERIOUS * found[0].score for item in found)
