"""Who calls so much more often than its work explains that those it calls can't bear it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.sampling import most
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence
from rca.graph import Topology
from rca.weights import CALLS_RISE, IDLE, RankingSettings, signal_of

# So many times the calls that its work explains are a flood.
_FLOOD = 2.0
# A call is repeated until it is answered, or until its caller has had enough. So many answers to each call that was to
# be made are no repetitions, even where all of them came too late.
_ANSWERS = 8.0
# And as surely: standard deviations below which calls that are more than usual are not said to be a flood.
_SURE = 4.0
# Share of the calls of a service that must come from flooded ones for the flood to reach it through them.
_MOST = 0.5
_FAILING = frozenset({"span_errors", "edge_errors", "early_timeout", "error_share"})


@dataclass(frozen=True, slots=True)
class Floods:
    """`by`: what tells of each that floods others. `reached`: those it reaches, with what tells of the first."""

    by: Mapping[ServiceKey, tuple[Anomaly, ...]]
    reached: Mapping[ServiceKey, tuple[Anomaly, ...]]

    def between(self, caller: ServiceKey, callee: ServiceKey) -> bool:
        return any(item.peer == callee for item in self.by.get(caller, ()))


def flooding(found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> Floods:
    """Calls are repeated when they fail, and no longer once one has not. More of them than that are no repetitions,
    however much fails; how many there would be without them is known but for chance."""
    by: dict[ServiceKey, tuple[Anomaly, ...]] = {}
    reached: dict[ServiceKey, tuple[Anomaly, ...]] = {}
    for caller, items in sorted(found.items()):
        for item in items:
            if item.peer is not None and item.service == caller and _floods(item, found, topology):
                by[caller] = (*by.get(caller, ()), item)
                reached[item.peer] = (*reached.get(item.peer, ()), item)
    steps = sorted(reached)
    while steps:
        service = steps.pop(0)
        for callee in sorted(topology.callees(service)):
            # What it has to do is another mixture of work now, so it may well seem to flood others in its turn.
            own = _times(by.get(callee, ()))
            if callee not in reached and own < _times(reached[service]) and _mostly(callee, reached, topology):
                reached[callee] = reached[service]
                steps.append(callee)
    return Floods(by, reached)


def _times(rises: Iterable[Anomaly]) -> float:
    """How many times the calls that the work explains, at the most; 0 where there is no rise."""
    return max((item.observed / item.expected if item.expected > 0 else math.inf for item in rises), default=0.0)


def fails(found: Iterable[Anomaly]) -> bool:
    return any(item.detector in _FAILING for item in found)


def flooded(
    service: ServiceKey, evidence: Iterable[Evidence], floods: Floods, settings: RankingSettings
) -> Iterable[Evidence]:
    """A service that is slower, or fails, because there is so much more to do is the victim of who asks for it."""
    rises = floods.reached.get(service, ())
    # No flood keeps a service from doing what it is asked for.
    suffered = sum(item.contribution for item in evidence if item.signal not in IDLE)
    if not rises or suffered <= 0:
        return
    top = max(rises, key=lambda item: (item.surprise, item.anomaly_id))
    yield Evidence(
        signal="explained_by_caller",
        contribution=-settings.flooded * suffered,
        description=f"{top.service.name} floods it: {top.description}",
        anomaly_ids=tuple(item.anomaly_id for item in rises),
    )


def _floods(finding: Anomaly, found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> bool:
    if finding.peer is None or signal_of(finding) != CALLS_RISE or finding.surprise < _SURE:
        return False
    if finding.observed < _FLOOD * finding.expected:
        return False
    calls = topology.call(finding.service, finding.peer)
    if calls is None or not calls.operations:
        # How many calls failed for the caller is not known.
        return not fails(found.get(finding.peer, ()))
    usual = calls.calls * finding.expected / finding.observed
    # Whoever repeats a call until it succeeds ends with one that did, or with a request that failed.
    ended = calls.calls - calls.failed + topology.given_up(finding.service, finding.peer)
    return ended > most(usual) or calls.calls - calls.errors >= _ANSWERS * usual


def _mostly(service: ServiceKey, reached: Mapping[ServiceKey, object], topology: Topology) -> bool:
    calls = {caller: topology.call(caller, service) for caller in topology.callers(service)}
    total = sum(edge.calls for edge in calls.values() if edge is not None)
    flooded = sum(edge.calls for caller, edge in calls.items() if edge is not None and caller in reached)
    return total > 0 and flooded >= _MOST * total
