"""The life of incidents: opened by anomalies, kept open by more of them, ended by quiet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly
from analyzers.detectors.silence import Silence
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey
from rca.correlation import belongs, group, reach
from rca.diagnosis import Diagnosis
from rca.graph import ServiceGraph, Topology
from rca.incident import MAX_ANOMALIES, Incident, State, incident_id
from rca.severity import incident_severity
from rca.weights import signal_of

_NANOS = 1_000_000_000
# Set to "manual" when a person gave the incident its title; it is kept then.
TITLE_LABEL = "hypocenter.title"
# Set to "accepted" when what was wrong went on for so long that it is taken for normal from then on.
NEW_NORMAL_LABEL = "hypocenter.new_normal"
# Evidence, in nats, that chance alone brings now and then; each signal of each service counts for what is beyond it.
_CHANCE = 1.0


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Times are nanoseconds of event time."""

    # Evidence in nats, added up over the services and signals of findings that go together (`weight`). This much opens
    # an incident at once: by chance once in exp(10) windows, which is once in 30 hours.
    open_at_once: float = 10.0
    # This much opens one when the same was found in the window before.
    open_on_repeat: float = 4.0
    # Findings with less than this neither join an incident nor keep it from ending.
    keep: float = 4.0
    # Everything is silent for this long before the telemetry source counts as lost.
    lost: int = 60 * _NANOS
    # Findings this soon after an incident was opened belong to it where it isn't known who calls whom.
    together: int = 90 * _NANOS
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
        # Keys of anomalies in the window before, with the window they were first seen in.
        self._before: dict[object, Anomaly] = {}
        self._accepted_services: set[ServiceKey] = set()

    @property
    def live(self) -> tuple[Incident, ...]:
        return tuple(self._live[key] for key in sorted(self._live))

    def find(self, incident_id: str) -> Incident | None:
        """None when it can't change by itself any more."""
        return self._live.get(incident_id)

    def troubled(self) -> frozenset[ServiceKey]:
        """Services of incidents that have not ended: what they do now is not normal."""
        return frozenset(service for item in self._live.values() if item.ongoing for service in item.services)

    @property
    def before(self) -> tuple[Anomaly, ...]:
        """Findings of the window before, each as it was first seen."""
        return tuple(self._before.values())

    def restore(self, live: Iterable[Incident], before: Iterable[Anomaly]) -> None:
        """Go on with these; what a person did to an incident in the meantime is kept."""
        mine = self._live
        self._live = {}
        for item in live:
            known = mine.pop(item.incident_id, None)
            self._live[item.incident_id] = item if known is None else with_persons_changes(item, known)
        self._live.update(mine)
        self._before = {item.key: item for item in before}

    def put(self, incident: Incident) -> None:
        """Take over a change made by a person."""
        if incident.state is State.RESOLVED:
            self._live.pop(incident.incident_id, None)
            # What goes on all the same is a new incident, with a new id.
            self._before = {key: item for key, item in self._before.items() if item.service not in incident.services}
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
        for found in group((item for item in anomalies if item.evidence > _CHANCE), topology):
            if weight(found) < self._settings.keep:
                continue
            incident = self._joined(found, topology, now_unix_nano)
            if incident is None:
                incident = self._opened(found, graph, now_unix_nano)
            if incident is not None:
                changed[incident.incident_id] = self._refreshed(incident, found, graph, now_unix_nano)
                # Another group may belong to the same one.
                self.put(changed[incident.incident_id])
        self._before = {item.key: self._before.get(item.key, item) for item in anomalies}
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

    def _joined(self, found: Sequence[Anomaly], topology: Topology, now: int) -> Incident | None:
        """The live incident that these belong to, the oldest of several."""
        for incident in sorted(self.live, key=lambda item: (item.start_unix_nano, item.incident_id)):
            ended = incident.end_unix_nano
            if ended and now > ended + self._settings.reopen:
                continue
            together = now - incident.create_unix_nano <= self._settings.together
            if not belongs(found, incident.services, topology, together):
                continue
            if not ended:
                return incident
            if self._strong(found):
                return replace(incident, end_unix_nano=0, reopen_count=incident.reopen_count + 1)
        return None

    def _strong(self, found: Sequence[Anomaly]) -> bool:
        settings = self._settings
        if any(item.detector == Silence.name for item in found):
            # A batch held up on its way is no lost source.
            since = (self._before[item.key].start_unix_nano for item in found if item.key in self._before)
            return any(item.end_unix_nano - start >= settings.lost for item in found for start in since)
        if weight(found) >= settings.open_at_once:
            return True
        return weight(item for item in found if item.key in self._before) >= settings.open_on_repeat

    def _opened(self, found: Sequence[Anomaly], graph: ServiceGraph, now: int) -> Incident | None:
        if not self._strong(found):
            return None
        since = [self._before.get(item.key, item) for item in found]
        first = min(since, key=lambda item: (item.start_unix_nano, item.anomaly_id))
        services = tuple(sorted({item.service for item in found}))
        previous = [item.incident_id for item in self.live if item.end_unix_nano and set(item.services) & set(services)]
        return Incident(
            incident_id=incident_id(first),
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

    def _refreshed(self, incident: Incident, found: Sequence[Anomaly], graph: ServiceGraph, now: int) -> Incident:
        services = tuple(sorted({*incident.services, *(item.service for item in found)}))
        newest = {item.key: item for item in (*incident.anomalies, *found)}
        return replace(
            incident,
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


def _first_title(found: Sequence[Anomaly]) -> str:
    """Until there is a diagnosis. What the telemetry itself lacks can't be diagnosed any further."""
    lost = [item.description for item in found if item.detector == Silence.name]
    return lost[0] if lost else f"{min(item.service for item in found).name} is not normal"


def weight(anomalies: Iterable[Anomaly]) -> float:
    """Joint evidence in nats: of each signal of each service its strongest finding, less what chance brings.

    Several weak signs of one failure make a strong one, the tenth template of one cause adds nothing.
    """
    strongest: dict[tuple[ServiceKey, str], float] = {}
    for item in anomalies:
        sign = (item.service, signal_of(item))
        strongest[sign] = max(strongest.get(sign, 0.0), item.evidence - _CHANCE)
    return sum(strongest.values())


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
    return replace(
        incident,
        title=causes[0].hypothesis if causes and not named else incident.title,
        diagnosis=diagnosis,
        services=tuple(sorted({*incident.services, *(item.service for item in anomalies)})),
        severity=max(incident.severity, incident_severity(anomalies, diagnosis.graph)),
        anomalies=_strongest(anomalies) or incident.anomalies,
        revision=incident.revision + 1,
    )


def _strongest(anomalies: Iterable[Anomaly]) -> tuple[Anomaly, ...]:
    ordered = sorted(anomalies, key=lambda item: (-abs(item.surprise), item.anomaly_id))
    return tuple(ordered[:MAX_ANOMALIES])
