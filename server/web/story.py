"""What is told of one incident, in the order and the amount a reader can take."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from rca.incident import Incident, State
from server.web.evidence import Sum, add_up

# What is beyond is counted, not shown.
MOST_SERVICES = 12
MOST_ANOMALIES = 40
MOST_EXEMPLARS = 12
MOST_TRACES = 24


@dataclass(frozen=True, slots=True)
class Moment:
    """`kind` is "onset" (of one service) or "life": what was measured, and what became of the incident."""

    unix_nano: int
    kind: str
    text: str
    detail: str = ""
    service: ServiceKey | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A log record and who wrote it."""

    service: ServiceKey
    template_id: str
    log: LogExemplar


def moments(incident: Incident) -> tuple[Moment, ...]:
    """When each service departed from normal and what became of the incident, by time."""
    first: dict[ServiceKey, Anomaly] = {}
    for anomaly in sorted(incident.anomalies, key=lambda item: (_onset(item), -abs(item.surprise), item.anomaly_id)):
        first.setdefault(anomaly.service, anomaly)
    told = [
        Moment(_onset(anomaly), "onset", _said(anomaly), service=service)
        for service, anomaly in list(first.items())[:MOST_SERVICES]
    ]
    life = [
        (incident.create_unix_nano, "Incident opened", ""),
        (incident.diagnosis.diagnose_unix_nano if incident.diagnosis else 0, "Last diagnosed", ""),
        (incident.acknowledge_unix_nano, "Acknowledged", ""),
        (incident.reopen_unix_nano, "Came back", ""),
        (incident.end_unix_nano, "Quiet since then", "No more anomalies."),
        (
            incident.resolve_unix_nano,
            "Resolved by itself: quiet long enough" if incident.auto_resolved else "Resolved",
            incident.resolution,
        ),
    ]
    told += [Moment(when, "life", text, detail) for when, text, detail in life if when]
    # Stable: at the same time what was measured comes before what followed from it.
    return tuple(sorted(told, key=lambda moment: moment.unix_nano))


def anomalies(incident: Incident) -> tuple[Anomaly, ...]:
    """The furthest from normal first."""
    ranked = sorted(incident.anomalies, key=lambda item: (-abs(item.surprise), _onset(item), item.anomaly_id))
    return tuple(ranked[:MOST_ANOMALIES])


def quotes(incident: Incident) -> tuple[Quote, ...]:
    """Log records that show it: those of the likely cause first, then by time; none twice."""
    cause = incident.root_cause
    found = {
        Quote(anomaly.service, anomaly.template_id, log): (anomaly.service != cause, log.time_unix_nano, log.body)
        for anomaly in incident.anomalies
        for log in anomaly.exemplars
    }
    unique = {(quote.service, quote.log): quote for quote in sorted(found, key=lambda quote: quote.template_id)}
    return tuple(sorted(unique.values(), key=lambda quote: found[quote])[:MOST_EXEMPLARS])


def trace_ids(incident: Incident) -> tuple[str, ...]:
    """Those behind the diagnosis first, then those of the anomalies, furthest from normal first; in hex, none twice."""
    causes = incident.diagnosis.root_causes if incident.diagnosis else ()
    found = [trace for cause in causes for item in cause.evidence for trace in item.trace_ids]
    for anomaly in anomalies(incident):
        found += anomaly.trace_ids
        found += [log.trace_id for log in anomaly.exemplars]
    return tuple(dict.fromkeys(trace.hex() for trace in found if any(trace)))[:MOST_TRACES]


def sums(incident: Incident) -> tuple[Sum, ...]:
    """One for each root cause, in order."""
    return tuple(add_up(cause) for cause in incident.diagnosis.root_causes) if incident.diagnosis else ()


def lasted(incident: Incident, now_unix_nano: int) -> int:
    """Nanoseconds from its start to its end, or until `now_unix_nano` (event time) while it goes on."""
    until = incident.end_unix_nano or incident.resolve_unix_nano or max(now_unix_nano, incident.update_unix_nano)
    return max(0, until - incident.start_unix_nano)


def is_past(incident: Incident) -> bool:
    return incident.state is State.RESOLVED or bool(incident.merged_into)


def _said(anomaly: Anomaly) -> str:
    if anomaly.subject in anomaly.description:
        return anomaly.description
    return f"{anomaly.subject}: {anomaly.description}"


def _onset(anomaly: Anomaly) -> int:
    return anomaly.onset_unix_nano or anomaly.start_unix_nano
