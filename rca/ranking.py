"""Which service broke first: signed evidence from anomalies and the graph, adding up to a score."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.changed import Changes, began, blamed_change
from rca.diagnosis import Evidence, RootCause
from rca.flooding import flooded, flooding
from rca.graph import ServiceGraph, Topology
from rca.hints import hinted, told
from rca.naming import SIGNAL as NAMED
from rca.naming import blaming, evidence_of_naming, named
from rca.outgoing import evidence_of_outgoing, outgoing, spared
from rca.relief import changed, explained, followed, starved
from rca.waiting import waiting
from rca.weights import CALLS_FALL, CALLS_RISE, FALL, RISE, RankingSettings, signal_of, strength

# What is said by others counts so much of what shows when it comes to wording.
_HEARSAY = 0.5
# Detectors that say of which pod a finding is, if of one alone.
_BY_POD = frozenset({"self_time", "span_errors", "error_share", "new_template", "template_rate"})

# Signals of a callee that each of its callers finds by itself.
_BY_CALLER = frozenset({"edge_gap", "edge_errors"})

__all__ = ["RankingSettings", "rank", "signal_of", "strength"]


def rank(
    anomalies: Sequence[Anomaly],
    graph: ServiceGraph,
    settings: RankingSettings | None = None,
    changes: Changes | None = None,
) -> tuple[RootCause, ...]:
    """Candidates best first; pure. Services without an anomaly are no candidates, whatever was changed of them.

    Anomalies less surprising than `settings.told` take no part in the reasoning: behind all others they say of services
    that have nothing else what little there is.
    """
    settings = settings or RankingSettings()
    topology = Topology(graph)
    hints = [item for item in anomalies if abs(item.surprise) < settings.told]
    anomalies = told(anomalies, settings)
    by_service: dict[ServiceKey, list[Anomaly]] = defaultdict(list)
    for anomaly in anomalies:
        by_service[anomaly.service].append(anomaly)
    going = outgoing(by_service, topology)
    namings = named(by_service, topology)
    # Findings about others that speak of a service.
    elsewhere = {caller: going.told(caller) for caller in going.by}
    for naming in namings.values():
        elsewhere[naming.service] = (*elsewhere.get(naming.service, ()), naming.finding)
    for service in elsewhere:
        by_service[service] += []
    own = {
        service: [*_own_evidence(found, settings), *evidence_of_outgoing(service, going, settings)]
        for service, found in sorted(by_service.items())
    }
    for service, said in evidence_of_naming(namings, own, settings).items():
        own[service].append(said)
    scores = {service: sum(item.contribution for item in evidence) for service, evidence in own.items()}
    onsets = {
        service: min(item.onset_unix_nano for item in (*found, *elsewhere.get(service, ())))
        for service, found in by_service.items()
    }
    floods = flooding(by_service, topology)
    silent = waiting(by_service, floods, going, topology)
    relieved = {
        service: [
            # Who gets no answer from anybody has nobody else to thank for it.
            *(
                ()
                if going.fails(service)
                else explained(service, evidence, own, scores, by_service, silent, floods, topology, settings)
            ),
            *(
                tuple(followed(service, evidence, by_service, topology, namings, settings))
                or blaming(service, evidence, namings, settings)
            ),
            *flooded(service, evidence, floods, settings),
            # What waiting for an answer explains is not explained twice.
            *(() if service in silent else starved(service, evidence, by_service, topology, settings)),
            *(() if service in silent else spared(by_service[service], evidence, going, settings)),
        ]
        for service, evidence in own.items()
    }
    left = {service: scores[service] + sum(item.contribution for item in relieved[service]) for service in own}
    beginnings = {service: began(found) for service, found in by_service.items() if found}
    candidates = []
    for service, evidence in own.items():
        found = by_service[service]
        change = blamed_change((changes or {}).get(service, ()), found) if found else None
        extra = [
            *relieved[service],
            *(() if change is None else changed(change, service, found, left, settings)),
            *_earliest(service, beginnings, settings),
        ]
        strongest = _strongest([*found, *elsewhere.get(service, ())], evidence)
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
    candidates += hinted(hints, by_service, topology, settings)
    candidates.sort(key=lambda item: (-item.score, str(item.service)))
    return _with_confidence(candidates[: settings.candidates])


def _strongest(found: Iterable[Anomaly], evidence: Sequence[Evidence]) -> Anomaly:
    """The anomaly behind the signal that counts most for its service. What it shows itself says more than what others
    say about it."""

    def telling(item: Evidence) -> tuple[float, str]:
        return item.contribution * (_HEARSAY if item.signal == NAMED else 1.0), item.signal

    leading = max(evidence, key=telling).anomaly_ids[0]
    return next(item for item in found if item.anomaly_id == leading)


def _own_evidence(found: Iterable[Anomaly], settings: RankingSettings) -> list[Evidence]:
    by_signal: dict[str, list[Anomaly]] = defaultdict(list)
    for anomaly in found:
        by_signal[signal_of(anomaly)].append(anomaly)
    evidence = []
    for signal, group in sorted(by_signal.items()):
        group.sort(key=lambda item: (-abs(item.surprise), item.anomaly_id))
        top = group[0]
        surprise = _jointly(group) if signal in _BY_CALLER else top.surprise
        more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        evidence.append(
            Evidence(
                signal=signal,
                contribution=settings.weights.get(signal, 0.5) * strength(surprise),
                description=f"{top.description}{more}",
                anomaly_ids=tuple(item.anomaly_id for item in group),
                trace_ids=top.trace_ids,
                template_id=top.template_id,
            )
        )
    return evidence


def _jointly(group: Iterable[Anomaly]) -> float:
    """What callers found who know nothing of each other: the sum of squared deviations is as surprising."""
    by_caller: dict[ServiceKey | None, float] = {}
    for item in group:
        by_caller[item.peer] = max(by_caller.get(item.peer, 0.0), abs(item.surprise))
    return math.sqrt(math.fsum(surprise**2 for surprise in by_caller.values()))


def _earliest(
    service: ServiceKey, beginnings: Mapping[ServiceKey, tuple[int, bool]], settings: RankingSettings
) -> Iterable[Evidence]:
    """Only what is known equally well can be compared: by the record, or by the window."""
    mine, exact = beginnings.get(service, (0, False))
    others = [(onset, known) for other, (onset, known) in beginnings.items() if other != service]
    if mine and others and all(known == exact and mine < onset for onset, known in others):
        yield Evidence("earliest_onset", settings.earliest, "it departed from normal before every other service")


def _operation(service: ServiceKey, strongest: Anomaly) -> str:
    named = strongest.service == service and strongest.detector in (
        "self_time",
        "span_errors",
        "edge_gap",
        "edge_errors",
        "early_timeout",
    )
    return strongest.subject if named else ""


def _hypothesis(service: ServiceKey, strongest: Anomaly) -> str:
    if strongest.service != service:
        if strongest.detector == "edge_gap":
            return f"{service.name} itself is slow: it loses time on the way to whatever it calls"
        if strongest.detector == "edge_errors":
            return f"{service.name} itself gets no answer from whom it calls ({strongest.subject})"
        return f'{service.name} does not answer as it should: {strongest.service.name} logs "{strongest.subject}"'
    what = {
        "self_time": f"{service.name} itself became slow in {strongest.subject}",
        "edge_gap": f"time is lost on the way to {service.name} ({strongest.subject})",
        "span_errors": f"calls of {strongest.subject} fail in {service.name} itself",
        "edge_errors": f"calls of {service.name} fail without an answer ({strongest.subject})",
        "early_timeout": f"{service.name} gives up on calls before they are answered ({strongest.subject})",
        "error_share": f"{service.name} logs more errors than usual",
        "new_template": f'{service.name} logs something it never logged before: "{strongest.subject}"',
        "throughput": f"{service.name} does less work than is asked for ({strongest.subject})",
        "consumption": f"{service.name} takes fewer messages from {strongest.subject} than are put into it",
        CALLS_FALL: f"{service.name} no longer makes the calls its work normally makes ({strongest.subject})",
        CALLS_RISE: f"{service.name} calls more often than its work explains ({strongest.subject})",
        FALL: f'{service.name} no longer reaches the point where it logs "{strongest.subject}"',
        RISE: f'{service.name} logs "{strongest.subject}" more often than its work explains',
    }
    return what.get(signal_of(strongest), f"{service.name} departs from normal")


def _pod(found: Iterable[Anomaly]) -> str:
    """The pod that carries most of what can be told by pod at all."""
    carried: dict[str, float] = defaultdict(float)
    for item in found:
        if item.detector in _BY_POD:
            carried[item.pod] += strength(item.surprise)
    named = sorted((pod for pod in carried if pod), key=lambda pod: (-carried[pod], pod))
    return named[0] if named and 2 * carried[named[0]] >= sum(carried.values()) else ""


def _with_confidence(candidates: Sequence[RootCause]) -> tuple[RootCause, ...]:
    """Softmax over the scores: how clearly one stands out from the others."""
    if not candidates:
        return ()
    top = candidates[0].score
    shares = [math.exp(item.score - top) for item in candidates]
    total = sum(shares) + math.exp(-top)
    return tuple(replace(item, confidence=share / total) for item, share in zip(candidates, shares, strict=True))
