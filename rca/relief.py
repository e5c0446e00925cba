"""What speaks for a candidate, or against it, because of others: what they explain, and what was changed.

This is the causal check of the ranking, done on findings: were this candidate's departure taken away, would that of
its callers, or of whom it calls, still be there? What would not is taken from their scores, as evidence like any other,
with its weight (`RankingSettings`) and its reason.
"""

from collections.abc import Iterable, Mapping, Sequence

from analyzers.anomaly import Anomaly
from analyzers.changes import Change
from analyzers.service import ServiceKey
from rca.changed import change_evidence, only_reworded
from rca.diagnosis import Evidence
from rca.flooding import Floods, fails
from rca.graph import Topology
from rca.naming import Naming
from rca.waiting import travelling, unanswered
from rca.weights import CALLS_RISE, PROPAGATING, RankingSettings, propagated, signal_of, strength

# Calls that fail in a service itself, and those that nobody answers.
_BREAKING = frozenset({"span_errors", "edge_errors", "early_timeout"})
# How many times as surprising as what fails, on the common scale, what is said about it may be.
_PASSED_ON = 2.0
# How surprising, on the common scale, it must be that a service passes anything on.
_PLAIN = 1.0


def explained(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    own: Mapping[ServiceKey, list[Evidence]],
    scores: Mapping[ServiceKey, float],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    silent: Mapping[ServiceKey, ServiceKey],
    floods: Floods,
    topology: Topology,
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """What a caller shows because its callee is broken speaks against the caller."""
    if service in silent:
        yield from unanswered(service, evidence, found, silent, topology, settings)
        return
    # Whom it floods it has only itself to thank for.
    callees = [callee for callee in topology.callees(service) if not floods.between(service, callee)]
    failing = any(fails(found.get(callee, ())) for callee in callees)
    propagating = sum(
        item.contribution
        for item in evidence
        # Nobody repeats calls that are answered.
        if item.signal in PROPAGATING and (item.signal != CALLS_RISE or (failing and service not in floods.by))
    )
    if propagating <= 0:
        return
    late = {item: callee for callee in callees for item in found.get(callee, ()) if _late(item, service)}
    if late:
        top = max(late, key=lambda item: (item.surprise, item.anomaly_id))
        yield Evidence(
            signal="explained_by_callee",
            contribution=-settings.explained * propagating,
            description=f"its own calls of {late[top].name} lose time on the way, which cuts short what it does next",
            anomaly_ids=tuple(sorted(item.anomaly_id for item in late)),
        )
        return
    passed_on = _passed_on(service, evidence, found, floods, topology, settings)
    guilty = [callee for callee in callees if scores.get(callee, 0.0) >= 1.0 and callee in own]
    if not guilty:
        if passed_on is not None:
            yield passed_on
        return
    callee = max(guilty, key=lambda item: (scores[item], str(item)))
    share = scores[callee] / (scores[callee] + scores[service])
    shared = Evidence(
        signal="explained_by_callee",
        contribution=-settings.explained * propagating * share,
        description=f"it calls {callee.name}, which has troubles of its own that show in its callers' logs",
        anomaly_ids=tuple(anomaly for item in own[callee] for anomaly in item.anomaly_ids),
    )
    yield shared if passed_on is None or shared.contribution < passed_on.contribution else passed_on


def _passed_on(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    floods: Floods,
    topology: Topology,
    settings: RankingSettings,
) -> Evidence | None:
    """Who fails no call by itself only passes on what fails elsewhere: in a callee, or further on through others that
    show it too, or whose spans tell it. However loud it is, that explains it, unless hardly anything fails there."""
    if _broken(found[service]) or service in floods.by:
        return None
    broken: dict[ServiceKey, float] = {}
    seen, ahead = {service}, [service]
    while ahead:
        caller = ahead.pop()
        for callee in topology.awaited(caller) - seen:
            seen.add(callee)
            if worst := _broken(found.get(callee, ())):
                broken[callee] = worst
            elif _shown(found.get(callee, ())) >= _PLAIN or topology.passes_on(caller, callee):
                ahead.append(callee)
    if not broken:
        return None
    callee = max(broken, key=lambda item: (broken[item], item))
    share = min(1.0, _PASSED_ON * broken[callee] / _shown(found[service]))
    signals = travelling(found[service])
    weight = sum(item.contribution for item in evidence if item.signal in signals)
    return Evidence(
        signal="explained_by_callee",
        contribution=-settings.unanswered * share * weight,
        description=f"it fails no call by itself, and those it passes on fail in {callee.name}",
        anomaly_ids=tuple(sorted(item.anomaly_id for item in found[callee] if item.detector in _BREAKING)),
    )


def followed(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    topology: Topology,
    namings: Mapping[ServiceKey, Naming],
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """Without spans: an error that was there before in the same trace, in another service, was passed on. Not where
    the errors of that one name this one: then it has waited for it, and given up first."""
    before = [
        item
        for item in topology.follows(service)
        if found.get(item.first) and (item.first not in namings or namings[item.first].service != service)
    ]
    weight = propagated(evidence)
    if not before or weight <= 0:
        return
    top = max(before, key=lambda item: (item.share, item.traces, item.first))
    yield Evidence(
        signal="explained_by_callee",
        contribution=-settings.explained * top.share * weight,
        description=f"in {top.traces} of {top.of} traces in which it logged an error, {top.first.name} had logged one",
        anomaly_ids=tuple(sorted(item.anomaly_id for item in found[top.first])),
    )


def _broken(found: Iterable[Anomaly]) -> float:
    """How surprising it is that calls fail in a service itself, or get no answer from it; on the common scale."""
    return max((strength(item.surprise) for item in found if item.detector in _BREAKING), default=0.0)


def _shown(found: Iterable[Anomaly]) -> float:
    """How surprising what travels from callee to caller is, on the common scale."""
    return max((strength(item.surprise) for item in found if signal_of(item) in PROPAGATING), default=0.0)


def _late(finding: Anomaly, caller: ServiceKey) -> bool:
    return finding.detector == "edge_gap" and finding.peer == caller


def starved(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    topology: Topology,
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """Doing less is no guilt where the callers are in trouble: they ask for less."""
    asking = {item.peer for item in found[service] if item.detector == "consumption"}
    idle = sum(
        item.contribution
        for item in evidence
        if item.signal == "throughput" or (item.signal == "consumption" and any(peer in found for peer in asking))
    )
    troubled = sorted(str(caller) for caller in topology.asking(service) if caller in found)
    if idle > 0 and troubled:
        yield Evidence(
            signal="explained_by_caller",
            contribution=-settings.explained * idle,
            description=f"it is asked for less: {', '.join(troubled)}, which calls it, is in trouble",
        )


def changed(
    change: Change,
    service: ServiceKey,
    found: Sequence[Anomaly],
    left: Mapping[ServiceKey, float],
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """A change speaks against a service that has troubles of its own, and for one that only words its logs anew.
    `left` is what speaks against each after all that others explain."""
    if only_reworded(found):
        yield Evidence(
            signal="explained_by_change",
            contribution=-settings.reworded * max(0.0, left[service]),
            description=f"{change}: other log lines are to be expected, and nothing else of it departs from normal",
            anomaly_ids=tuple(item.anomaly_id for item in found),
        )
        return
    most = max(left.values())
    if left[service] > 0 and most > 0:
        yield change_evidence(change, found, settings.change * left[service] / most)
