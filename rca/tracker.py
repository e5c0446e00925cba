"""The life of incidents: opened by anomalies, kept open by more of them, ended by quiet."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly
from analyzers.detectors.silence import Silence
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey
from rca.correlation import belongs, group, parted, reach
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph, Topology
from rca.incident import MAX_ANOMALIES, Incident, State, incident_id
from rca.joint import CHANCE, Trail, accumulated, unbroken, weight
from rca.outgoing import by_caller, finds
from rca.second import second_fault
from rca.severity import incident_severity

_NANOS = 1_000_000_000
# Set to "manual" when a person gave the incident its title; it is kept then.
TITLE_LABEL = "hypocenter.title"
# Set to "accepted" when what was wrong went on for so long that it is taken for normal from then on.
NEW_NORMAL_LABEL = "hypocenter.new_normal"


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Times are nanoseconds of event time."""

    # Evidence in nats of findings that go together (`weight`), each with what was found of the same thing before. This
    # much opens an incident: by chance once in exp(10) windows, which is once in 30 hours.
    open: float = 10.0
    # Findings with less than this neither join an incident nor keep it from ending.
    keep: float = 4.0
    # For so long a finding adds to those of the same thing that come after it.
    memory: int = 60 * _NANOS
    # Everything is silent for this long before the telemetry source counts as lost.
    lost: int = 60 * _NANOS
    # Findings this soon after an incident was opened belong to it where it isn't known who calls whom.
    together: int = 45 * _NANOS
    # What goes on for so long is the new normal: the incident ends, and its services are learned anew.
    new_normal: int = 3600 * _NANOS
    # Without findings for this long, an incident has ended.
    quiet: int = 60 * _NANOS
    # Findings that come within this time after its end reopen it.
    reopen: int = 600 * _NANOS
    # Ended for this long, it is resolved.
    resolve: int = 1800 * _NANOS


class IncidentTracker:
    """Holds the incidents that may still change by themselves. Deterministic: a function of what it was given."""

    def __init__(self, settings: TrackerSettings | None = None, live: Iterable[Incident] = ()) -> None:
        self._settings = settings or TrackerSettings()
        self._live: dict[str, Incident] = {item.incident_id: item for item in live if item.state is not State.RESOLVED}
        # Findings of the last windows by their keys, oldest first.
        self._trails: dict[object, Trail] = {}
        self._accepted_services: set[ServiceKey] = set()
        # What a person resolved lately: what happened meanwhile is still waiting to be learned.
        self._resolved: tuple[Incident, ...] = ()

    @property
    def live(self) -> tuple[Incident, ...]:
        return tuple(self._live[key] for key in sorted(self._live))

    def find(self, incident_id: str) -> Incident | None:
        """None when it can't change by itself any more."""
        return self._live.get(incident_id)

    def troubled(self, start_unix_nano: int, end_unix_nano: int) -> frozenset[ServiceKey]:
        """Services of incidents that went on in that time: what they did is not normal, unless it was taken for it."""
        went_on = (
            item
            for item in (*self._live.values(), *self._resolved)
            if item.start_unix_nano < end_unix_nano and (item.ongoing or item.end_unix_nano > start_unix_nano)
        )
        return frozenset(
            service for item in went_on if NEW_NORMAL_LABEL not in item.labels for service in item.services
        )

    @property
    def before(self) -> tuple[Anomaly, ...]:
        """Findings of the windows before that still count."""
        return tuple(item for trail in self._trails.values() for item in trail)

    def restore(self, live: Iterable[Incident], before: Iterable[Anomaly]) -> None:
        """Go on with these; what a person did to an incident in the meantime is kept."""
        mine = self._live
        self._live = {}
        for item in live:
            known = mine.pop(item.incident_id, None)
            self._live[item.incident_id] = item if known is None else with_persons_changes(item, known)
        self._live.update(mine)
        self._trails = {}
        for finding in before:
            self._trails[finding.key] = (*self._trails.get(finding.key, ()), finding)

    def put(self, incident: Incident) -> None:
        """Take over a change made by a person."""
        if incident.state is State.RESOLVED:
            if self._live.pop(incident.incident_id, None) is not None and not incident.auto_resolved:
                over = replace(incident, end_unix_nano=incident.end_unix_nano or incident.update_unix_nano)
                self._resolved = (*self._resolved, over)
            # What goes on all the same is a new incident, with a new id.
            gone = set(incident.services)
            self._trails = {key: trail for key, trail in self._trails.items() if trail[-1].service not in gone}
        else:
            self._live[incident.incident_id] = incident

    def advance(
        self, anomalies: Sequence[Anomaly], graph: ServiceGraph, now_unix_nano: int, usual: Iterable[EdgeKey] = ()
    ) -> list[Incident]:
        """Take in the findings of the window that ends now; return every incident that changed, as it is now.

        `usual` are calls that are made normally: a failure cuts the very calls along which it travelled.
        Those that got new findings want a new diagnosis (`diagnosed`).
        """
        changed: dict[str, Incident] = {}
        topology = reach(graph, usual)
        self._follow(anomalies, now_unix_nano)
        groups = group((item for item in anomalies if self._evidence(item) > CHANCE), topology)
        for found in (part for whole in groups for part in self._parts(whole, topology, now_unix_nano)):
            if self._weight(found) < self._settings.keep:
                continue
            incident = self._joined(found, topology, now_unix_nano)
            if incident is None:
                incident = self._opened(found, graph, now_unix_nano)
                if incident is not None:
                    changed.update(self._left_to(incident))
            if incident is not None:
                changed[incident.incident_id] = self._refreshed(incident, found, graph, now_unix_nano)
                # Another group may belong to the same one.
                self.put(changed[incident.incident_id])
        for incident in self.live:
            aged = self._aged(incident, now_unix_nano)
            if aged is not incident:
                changed[incident.incident_id] = aged
        for incident in changed.values():
            self.put(incident)
        return [changed[key] for key in sorted(changed)]

    def take_accepted(self) -> frozenset[ServiceKey]:
        """Services whose present state became the new normal since this was last asked: to be learned anew."""
        accepted, self._accepted_services = frozenset(self._accepted_services), set()
        return accepted

    def _accepted(self, incident: Incident, now: int) -> Incident:
        self._accepted_services.update(incident.services)
        return replace(
            incident,
            end_unix_nano=now,
            update_unix_nano=now,
            labels={**incident.labels, NEW_NORMAL_LABEL: "accepted"},
            revision=incident.revision + 1,
        )

    def _parts(self, found: tuple[Anomaly, ...], topology: Topology, now: int) -> Sequence[tuple[Anomaly, ...]]:
        """Where an incident is known already, what begins elsewhere is looked at by itself: only where nothing is
        known, all signs count together."""
        services = {item.service for item in found}
        ongoing = sorted((item for item in self.live if item.ongoing), key=lambda item: item.age)
        known = (item for item in ongoing if now - item.create_unix_nano > self._settings.together)
        if any(_shows(item, found) for item in known) or any(_elsewhere(item, services) for item in ongoing):
            blamed = [item.root_cause for item in ongoing if item.root_cause is not None]
            return parted(found, topology, blamed)
        return (found,)

    def _left_to(self, opened: Incident) -> dict[str, Incident]:
        """The incidents beside which that one was opened: where it began is no longer theirs."""
        changed = {}
        for item in self.live:
            if item.ongoing and (elsewhere := _elsewhere(item, opened.services)):
                apart = tuple(sorted({*item.apart, *elsewhere}))
                changed[item.incident_id] = replace(item, apart=apart, revision=item.revision + 1)
                self.put(changed[item.incident_id])
        return changed

    def _joined(self, found: Sequence[Anomaly], topology: Topology, now: int) -> Incident | None:
        """The live incident that these belong to, the oldest of several."""
        services = {item.service for item in found}
        for incident in sorted(self.live, key=lambda item: item.age):
            ended = incident.end_unix_nano
            if ended and now > ended + self._settings.reopen:
                continue
            if _elsewhere(incident, services) and incident.root_cause not in services:
                continue
            together = now - incident.create_unix_nano <= self._settings.together
            if not belongs(found, incident.services, topology, together):
                continue
            if not together and not _shows(incident, found):
                continue
            if not ended:
                return incident
            if self._strong(found):
                times = incident.reopen_count + 1
                return replace(incident, end_unix_nano=0, reopen_count=times, reopen_unix_nano=now)
        return None

    def _strong(self, found: Sequence[Anomaly]) -> bool:
        if any(item.detector == Silence.name for item in found):
            # A batch held up on its way is no lost source.
            return any(item.end_unix_nano - self._first(item).start_unix_nano >= self._settings.lost for item in found)
        return self._weight(found) >= self._settings.open

    def _follow(self, anomalies: Iterable[Anomaly], now: int) -> None:
        """Add what is found now to the trails, and drop what is too old to count."""
        self._resolved = tuple(item for item in self._resolved if item.end_unix_nano > now - self._settings.reopen)
        oldest = now - self._settings.memory
        kept = {key: tuple(x for x in trail if x.end_unix_nano > oldest) for key, trail in self._trails.items()}
        for item in anomalies:
            kept[item.key] = (*kept.get(item.key, ()), item)
        self._trails = {key: trail for key, trail in kept.items() if trail}

    def _first(self, item: Anomaly) -> Anomaly:
        """As it was found first, without a window between in which it was not."""
        return unbroken(self._trails.get(item.key, (item,)))[0]

    def _evidence(self, item: Anomaly) -> float:
        return accumulated(self._trails.get(item.key, (item,)))

    def _weight(self, found: Iterable[Anomaly]) -> float:
        return weight(found, self._evidence)

    def _opened(self, found: Sequence[Anomaly], graph: ServiceGraph, now: int) -> Incident | None:
        if not self._strong(found):
            return None
        since = [self._first(item) for item in found]
        services = tuple(sorted({item.service for item in found}))
        previous = [item.incident_id for item in self.live if item.end_unix_nano and set(item.services) & set(services)]
        return Incident(
            incident_id=self._new_id(since),
            title="",
            state=State.OPEN,
            severity=incident_severity(found, graph),
            services=services,
            anomalies=(),
            start_unix_nano=min(item.onset_unix_nano or item.start_unix_nano for item in since),
            create_unix_nano=now,
            update_unix_nano=now,
            previous_incident=previous[-1] if previous else "",
            revision=0,
        )

    def _new_id(self, since: Iterable[Anomaly]) -> str:
        """Of what was found first; of what another incident began with as well when this one was told apart from it."""
        first = min(since, key=lambda item: (item.start_unix_nano, item.anomaly_id))
        name = incident_id(first)
        return incident_id(first, told_apart=True) if name in self._live else name

    def _refreshed(self, incident: Incident, found: Sequence[Anomaly], graph: ServiceGraph, now: int) -> Incident:
        services = tuple(sorted({*incident.services, *(item.service for item in found)}))
        newest = {item.key: item for item in (*incident.anomalies, *found)}
        young = now - incident.create_unix_nano <= self._settings.together
        return replace(
            incident,
            core=_grown(incident, found) if young else incident.core,
            title=incident.title or _first_title(found),
            services=services,
            severity=max(incident.severity, incident_severity(found, graph)),
            anomalies=_strongest(newest.values()),
            update_unix_nano=now,
            seen_unix_nano=now,
            revision=incident.revision + 1,
        )

    def _aged(self, incident: Incident, now: int) -> Incident:
        settings = self._settings
        if not incident.end_unix_nano:
            if now >= incident.create_unix_nano + settings.new_normal:
                return self._accepted(incident, now)
            if now < incident.seen_unix_nano + settings.quiet:
                return incident
            return replace(
                incident,
                end_unix_nano=incident.seen_unix_nano,
                update_unix_nano=now,
                revision=incident.revision + 1,
            )
        if now < incident.end_unix_nano + settings.resolve:
            return incident
        return replace(
            incident,
            state=State.RESOLVED,
            resolve_unix_nano=now,
            auto_resolved=True,
            update_unix_nano=now,
            revision=incident.revision + 1,
        )


def _grown(incident: Incident, found: Iterable[Anomaly]) -> tuple[ServiceKey, ...]:
    """The core with the services of these. That of incidents of older versions is not known."""
    if incident.anomalies and not incident.core:
        return ()
    return tuple(sorted({*incident.core, *(item.service for item in found)}))


def _shows(incident: Incident, found: Iterable[Anomaly]) -> bool:
    """Whether any of these is about a service that showed the incident when it was young, or that is blamed for it; or
    was found by one that is blamed for what it finds of all it calls."""
    # Incidents of older versions have none.
    core = {*incident.core, incident.root_cause} if incident.core else set()
    finders = {incident.root_cause} if incident.diagnosis is not None and finds(incident.diagnosis) else set()
    return not core or any(item.service in core or (item.peer in finders and by_caller(item)) for item in found)


def _elsewhere(incident: Incident, services: Collection[ServiceKey]) -> frozenset[ServiceKey]:
    """Of these services, where another failure began than the one that the incident is about."""
    others = set(incident.apart)
    diagnosis = incident.diagnosis
    if diagnosis is not None and any(cause.service in services for cause in diagnosis.root_causes[1:]):
        second = second_fault(diagnosis.root_causes, diagnosis.graph)
        others |= {second.service} if second is not None else set()
    return frozenset(others & set(services) - {incident.root_cause})


def _first_title(found: Sequence[Anomaly]) -> str:
    """Until there is a diagnosis. What the telemetry itself lacks can't be diagnosed any further."""
    lost = [item.description for item in found if item.detector == Silence.name]
    return lost[0] if lost else f"{min(item.service for item in found).name} is not normal"


def with_persons_changes(incident: Incident, stored: Incident) -> Incident:
    """`incident` with what a person did to the `stored` version of it."""
    return replace(
        incident,
        state=stored.state if stored.state is State.ACKNOWLEDGED else incident.state,
        acknowledge_unix_nano=stored.acknowledge_unix_nano,
        labels=stored.labels,
        resolution=stored.resolution,
        revision=max(incident.revision, stored.revision),
    )


def diagnosed(incident: Incident, diagnosis: Diagnosis, anomalies: Sequence[Anomaly]) -> Incident:
    """The incident with a new diagnosis, made from `anomalies` over all of its time so far."""
    causes = diagnosis.root_causes
    named = incident.labels.get(TITLE_LABEL) == "manual"
    # It may show nothing itself, and others all the more. A hint is no reason to count it in.
    blamed = {cause.service for cause in causes[:1] if any(item.anomaly_ids for item in cause.evidence)}
    return replace(
        incident,
        title=causes[0].hypothesis if causes and not named else incident.title,
        diagnosis=diagnosis,
        services=tuple(sorted({*incident.services, *(item.service for item in anomalies), *blamed})),
        severity=max(incident.severity, incident_severity(anomalies, diagnosis.graph)),
        anomalies=_strongest(anomalies) or incident.anomalies,
        revision=incident.revision + 1,
    )


def _strongest(anomalies: Iterable[Anomaly]) -> tuple[Anomaly, ...]:
    ordered = sorted(anomalies, key=lambda item: (-abs(item.surprise), item.anomaly_id))
    return tuple(ordered[:MAX_ANOMALIES])
