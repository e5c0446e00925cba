"""Which service broke first: signed evidence from anomalies and the graph, adding up to a score."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence, RootCause
from rca.graph import ServiceGraph, Topology

# Calls to at least this many services, and to this share of all it calls, must be slow for a caller to be the cause.
_MANY, _MOST = 2, 0.6

# A stop of a template, a fall and a rise mean different things, though one detector finds them.
FALL, RISE = "template_fall", "template_rise"
CALLS_FALL, CALLS_RISE = "calls_fall", "calls_rise"


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """What one unit of surprise of each signal counts, once calibrated to the common scale.

    Signals that only the faulty service itself can show (its own time, its own errors, its own missing work) count
    full; those that callers show just as well count less.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "self_time": 1.0,
            "edge_gap": 1.0,
            "span_errors": 1.2,
            FALL: 1.0,
            RISE: 0.5,
            CALLS_FALL: 0.8,
            CALLS_RISE: 0.5,
            "error_share": 0.6,
            "new_template": 0.6,
            "throughput": 0.9,
        }
    )
    # Share of a caller's propagating evidence that a guilty callee explains away.
    explained: float = 0.7
    # For having departed from normal before every other candidate.
    earliest: float = 0.3
    candidates: int = 10


# Signals that travel from callee to caller: failed calls leave fewer or other logs in whoever made them.
_PROPAGATING = frozenset({FALL, RISE, CALLS_FALL, CALLS_RISE, "error_share", "new_template"})


def signal_of(anomaly: Anomaly) -> str:
    if anomaly.detector == "template_rate":
        return RISE if anomaly.surprise > 0 else FALL
    if anomaly.detector == "edge_calls":
        return CALLS_RISE if anomaly.surprise > 0 else CALLS_FALL
    return anomaly.detector


def strength(surprise: float) -> float:
    """Surprise on the common scale: 4 standard deviations are 1, and each doubling beyond adds about 1.

    Logarithmic, because beyond certainty more deviations say more about the traffic than about guilt.
    """
    return math.log2(1.0 + abs(surprise) / 4.0)


def rank(
    anomalies: Sequence[Anomaly], graph: ServiceGraph, settings: RankingSettings | None = None
) -> tuple[RootCause, ...]:
    """Candidates best first; pure. Services without an anomaly are no candidates."""
    settings = settings or RankingSettings()
    topology = Topology(graph)
    by_service: dict[ServiceKey, list[Anomaly]] = defaultdict(list)
    for anomaly in anomalies:
        by_service[anomaly.service].append(anomaly)
    slow_callers = _slow_callers(anomalies, topology)
    for caller in slow_callers:
        by_service[caller] += []
    own = {
        service: [*_own_evidence(found, settings), *_outgoing_gaps(slow_callers.get(service, ()), settings)]
        for service, found in sorted(by_service.items())
    }
    scores = {service: sum(item.contribution for item in evidence) for service, evidence in own.items()}
    onsets = {
        service: min(item.onset_unix_nano for item in (*found, *slow_callers.get(service, ())))
        for service, found in by_service.items()
    }
    candidates = []
    for service, evidence in own.items():
        extra = [
            *_explained(service, evidence, own, scores, topology, settings),
            *_starved(service, evidence, by_service, topology, settings),
            *_slowed(service, by_service[service], slow_callers, settings),
            *_earliest(service, onsets, settings),
        ]
        found = by_service[service]
        strongest = _strongest([*found, *slow_callers.get(service, ())], evidence)
        candidates.append(
            RootCause(
                service=service,
                evidence=tuple(sorted((*evidence, *extra), key=lambda item: (-item.contribution, item.signal))),
                hypothesis=_hypothesis(service, strongest),
                path=topology.path(service, by_service),
                pod=_pod(found),
                operation=_operation(service, strongest),
                onset_unix_nano=onsets[service],
            )
        )
    candidates.sort(key=lambda item: (-item.score, str(item.service)))
    return _with_confidence(candidates[: settings.candidates])


def _strongest(found: Iterable[Anomaly], evidence: Sequence[Evidence]) -> Anomaly:
    """The anomaly behind the signal that counts most for its service."""
    leading = max(evidence, key=lambda item: (item.contribution, item.signal)).anomaly_ids[0]
    return next(item for item in found if item.anomaly_id == leading)


def _slow_callers(anomalies: Iterable[Anomaly], topology: Topology) -> dict[ServiceKey, tuple[Anomaly, ...]]:
    """Services that lose time on the way to most of what they call: it is they who are slow, not all the others."""
    by_caller: dict[ServiceKey, list[Anomaly]] = defaultdict(list)
    for anomaly in anomalies:
        if anomaly.detector == "edge_gap" and anomaly.peer is not None:
            by_caller[anomaly.peer].append(anomaly)
    return {
        caller: tuple(gaps)
        for caller, gaps in sorted(by_caller.items())
        if len(gaps) >= _MANY and len(gaps) >= _MOST * len(topology.callees(caller))
    }


def _outgoing_gaps(gaps: Sequence[Anomaly], settings: RankingSettings) -> Iterable[Evidence]:
    if gaps:
        # The middle one: what all have in common is the caller's, what only one has may be that callee's.
        middle = sorted(gaps, key=lambda item: (item.surprise, item.anomaly_id))[len(gaps) // 2]
        yield Evidence(
            signal="outgoing_gaps",
            contribution=settings.weights["edge_gap"] * strength(middle.surprise),
            description=f"it loses time on the way to {len(gaps)} of the services it calls: {middle.description}",
            anomaly_ids=tuple(item.anomaly_id for item in (middle, *(gap for gap in gaps if gap is not middle))),
            trace_ids=middle.trace_ids,
        )


def _slowed(
    service: ServiceKey,
    found: Iterable[Anomaly],
    slow_callers: Mapping[ServiceKey, Sequence[Anomaly]],
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """Time lost between a slow caller and this service is the caller's."""
    gaps = [item for item in found if item.detector == "edge_gap" and item.peer is not None and item.peer != service]
    if not gaps or any(item.peer not in slow_callers for item in gaps):
        return
    top = max(gaps, key=lambda item: item.surprise)
    names = ", ".join(sorted({item.peer.name for item in gaps if item.peer is not None}))
    yield Evidence(
        signal="explained_by_caller",
        contribution=-settings.explained * settings.weights["edge_gap"] * strength(top.surprise),
        description=f"{names} loses time on the way to others just as well",
        anomaly_ids=tuple(item.anomaly_id for item in gaps),
    )


def _own_evidence(found: Iterable[Anomaly], settings: RankingSettings) -> list[Evidence]:
    by_signal: dict[str, list[Anomaly]] = defaultdict(list)
    for anomaly in found:
        by_signal[signal_of(anomaly)].append(anomaly)
    evidence = []
    for signal, group in sorted(by_signal.items()):
        group.sort(key=lambda item: (-abs(item.surprise), item.anomaly_id))
        top = group[0]
        more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        evidence.append(
            Evidence(
                signal=signal,
                contribution=settings.weights.get(signal, 0.5) * strength(top.surprise),
                description=f"{top.description}{more}",
                anomaly_ids=tuple(item.anomaly_id for item in group),
                trace_ids=top.trace_ids,
                template_id=top.template_id,
            )
        )
    return evidence


def _explained(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    own: Mapping[ServiceKey, list[Evidence]],
    scores: Mapping[ServiceKey, float],
    topology: Topology,
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """What a caller shows because its callee is broken speaks against the caller."""
    propagating = sum(item.contribution for item in evidence if item.signal in _PROPAGATING)
    guilty = [callee for callee in topology.callees(service) if scores.get(callee, 0.0) >= 1.0 and callee in own]
    if not guilty or propagating <= 0:
        return
    callee = max(guilty, key=lambda item: (scores[item], str(item)))
    share = scores[callee] / (scores[callee] + scores[service])
    yield Evidence(
        signal="explained_by_callee",
        contribution=-settings.explained * propagating * share,
        description=f"it calls {callee.name}, which has troubles of its own that show in its callers' logs",
        anomaly_ids=tuple(anomaly for item in own[callee] for anomaly in item.anomaly_ids),
    )


def _starved(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    topology: Topology,
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """Doing less is no guilt where the callers are in trouble: they ask for less."""
    idle = sum(item.contribution for item in evidence if item.signal == "throughput")
    troubled = sorted(str(caller) for caller in topology.callers(service) if caller in found)
    if idle > 0 and troubled:
        yield Evidence(
            signal="explained_by_caller",
            contribution=-settings.explained * idle,
            description=f"it is asked for less: {', '.join(troubled)}, which calls it, is in trouble",
        )


def _earliest(service: ServiceKey, onsets: Mapping[ServiceKey, int], settings: RankingSettings) -> Iterable[Evidence]:
    if len(onsets) > 1 and all(onsets[service] < onset for other, onset in onsets.items() if other != service):
        yield Evidence("earliest_onset", settings.earliest, "it departed from normal before every other service")


def _operation(service: ServiceKey, strongest: Anomaly) -> str:
    named = strongest.service == service and strongest.detector in ("self_time", "span_errors", "edge_gap")
    return strongest.subject if named else ""


def _hypothesis(service: ServiceKey, strongest: Anomaly) -> str:
    if strongest.service != service:
        return f"{service.name} itself is slow: it loses time on the way to whatever it calls"
    what = {
        "self_time": f"{service.name} itself became slow in {strongest.subject}",
        "edge_gap": f"time is lost on the way to {service.name} ({strongest.subject})",
        "span_errors": f"calls of {strongest.subject} fail in {service.name} itself",
        "error_share": f"{service.name} logs more errors than usual",
        "new_template": f'{service.name} logs something it never logged before: "{strongest.subject}"',
        "throughput": f"{service.name} does less work than its callers ask for",
        CALLS_FALL: f"{service.name} no longer makes the calls its work normally makes ({strongest.subject})",
        CALLS_RISE: f"{service.name} calls more often than its work explains ({strongest.subject})",
        FALL: f'{service.name} no longer reaches the point where it logs "{strongest.subject}"',
        RISE: f'{service.name} logs "{strongest.subject}" more often than its work explains',
    }
    return what.get(signal_of(strongest), f"{service.name} departs from normal")


def _pod(found: Iterable[Anomaly]) -> str:
    pods = [item.pod for item in sorted(found, key=lambda item: -abs(item.surprise)) if item.pod]
    return pods[0] if pods else ""


def _with_confidence(candidates: Sequence[RootCause]) -> tuple[RootCause, ...]:
    """Softmax over the scores: how clearly one stands out from the others."""
    if not candidates:
        return ()
    top = candidates[0].score
    shares = [math.exp(item.score - top) for item in candidates]
    total = sum(shares) + math.exp(-top)
    return tuple(replace(item, confidence=share / total) for item, share in zip(candidates, shares, strict=True))
