"""Who waits for whom: a service that does not answer makes all above it fail, and they are louder than it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence
from rca.flooding import Floods
from rca.graph import Topology
from rca.outgoing import Outgoing
from rca.weights import CALLS_FALL, CALLS_RISE, IDLE, PROPAGATING, RankingSettings, signal_of, strength

# How surprising, of what is not answered, what would explain it must be; both on the common scale.
_ENOUGH = 0.5
# Share of the calls that are not answered.
_MOST = 0.5
# Share of all the time that requests take.
_GREAT = 0.2
# How many calls are cut short by one that is not answered.
_AS_MANY = 3.0
_OF_AN_OPERATION = frozenset({"self_time", "span_errors"})


def waiting(
    found: Mapping[ServiceKey, Sequence[Anomaly]], floods: Floods, going: Outgoing, topology: Topology
) -> dict[ServiceKey, ServiceKey]:
    """Services that wait, directly or through others, for one that does not answer; with the one that it is. Whoever
    floods another is not said to wait for it, nor whoever gets no answer from anybody."""
    waiting: dict[ServiceKey, ServiceKey] = {}
    pairs = {*_refused(found, topology), *_halves(found, topology), *_delayed(found)}
    direct = {caller for caller, _ in pairs}
    pairs |= {pair for pair in _held_up(found, topology) if pair[0] not in direct}
    steps = sorted(pair for pair in pairs if not floods.between(*pair) and not going.fails(pair[0]))
    while steps:
        waiting |= {caller: callee for caller, callee in steps if caller not in waiting}
        steps = sorted(
            (above, callee)
            for caller, callee in steps
            for above in topology.callers(caller)
            # Nobody waits for itself, where calls go round in circles.
            if above in found and above not in waiting and above != callee
        )
    return waiting


def travelling(found: Iterable[Anomaly]) -> frozenset[str]:
    """Signals of a caller that what it calls may have brought upon it."""
    repeats = any(signal_of(item) == CALLS_RISE and item.peer is not None for item in found)
    # The pauses between its attempts are its own time.
    return PROPAGATING | {"self_time"} if repeats else PROPAGATING


def unanswered(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    silent: Mapping[ServiceKey, ServiceKey],
    topology: Topology,
    settings: RankingSettings,
) -> Iterator[Evidence]:
    """What speaks against one that waits is explained by whom it waits for."""
    callee = silent[service]
    # Whoever waits does less, of what it is asked for and of what it has to fetch.
    signals = set(travelling(found[service]) | IDLE)
    if silent.get(callee) != service:
        # Whoever waits does not answer either.
        signals.add("edge_errors")
    if _spares_the_calls(found[service], found[callee]):
        signals.add("span_errors")
    theirs = _operations(found, topology.callees(service)).union(
        *(topology.named(item) for item in (callee, *topology.callees(service)))
    )
    named = {item.anomaly_id for item in found[service] if _named(item, theirs)}
    explained = [
        item for item in evidence if item.signal in signals or (item.anomaly_ids and item.anomaly_ids[0] in named)
    ]
    lacking = sum(item.contribution for item in explained if item.signal == CALLS_FALL)
    share = _proportion(found[callee], found[service])
    weight = sum(item.contribution for item in explained) - (1.0 - share) * lacking
    if weight > 0:
        yield Evidence(
            signal="explained_by_callee",
            contribution=-settings.unanswered * weight,
            description=f"calls of {callee.name} are not answered, which shows in the logs of all that wait for it",
            anomaly_ids=tuple(sorted(item.anomaly_id for item in found[callee])),
        )


def _spares_the_calls(found: Iterable[Anomaly], of: Iterable[Anomaly]) -> bool:
    """Whether most calls of the other are not answered, which is as plain as that this one fails by itself: then it may
    fail, as circuit breakers do, without calling at all."""
    failing = [item for item in found if item.detector == "span_errors"]
    refused = [
        strength(item.surprise)
        for item in of
        if item.detector == "edge_errors" and item.observed >= _MOST and item.peer in {x.service for x in failing}
    ]
    return bool(refused) and max(refused) >= max(strength(item.surprise) for item in failing)


def _proportion(of: Iterable[Anomaly], lacking: Iterable[Anomaly]) -> float:
    """How much of the calls that are not made any more calls can explain that are not answered: next to nothing where
    nearly all of these are."""
    unanswered = max((item.observed for item in of if item.detector == "edge_errors"), default=1.0)
    missing = max(
        (1.0 - item.observed / item.expected for item in lacking if signal_of(item) == CALLS_FALL), default=0.0
    )
    return min(1.0, _AS_MANY * unanswered / missing) if missing > 0 else 1.0


def _refused(
    found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology
) -> Iterator[tuple[ServiceKey, ServiceKey]]:
    """Callers and callees of which it is known that calls are not answered; whoever else calls such a one waits too."""
    for others in found.values():
        for item in others:
            if item.detector == "edge_errors" and item.peer is not None and item.peer in found:
                yield item.peer, item.service
                for caller in topology.callers(item.service):
                    if caller in found:
                        yield caller, item.service


def _delayed(found: Mapping[ServiceKey, Sequence[Anomaly]]) -> Iterator[tuple[ServiceKey, ServiceKey]]:
    """Callers who do not answer in time, and callees on the way to which they lose it: a good part of what requests
    take, and not a little of it, when it is plain that they don't answer."""
    for service, items in found.items():
        for item in items:
            if item.detector != "edge_gap" or item.peer in (None, service) or item.cost < _GREAT:
                continue
            late = [strength(other.surprise) for other in found.get(item.peer, ()) if other.detector == "edge_errors"]
            if late and strength(item.surprise) >= _ENOUGH * max(late):
                yield item.peer, service


def _held_up(
    found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology
) -> Iterator[tuple[ServiceKey, ServiceKey]]:
    """Those who don't answer in time and have no troubles of their own, and whoever is so slow below them that it is a
    good part of what all requests take: by then their callers have given up."""
    slow = {
        service: max(strength(item.surprise) for item in items if item.cost >= _GREAT)
        for service, items in found.items()
        if any(item.cost >= _GREAT for item in items)
    }
    for service, items in found.items():
        late = [strength(item.surprise) for item in items if item.detector == "edge_errors"]
        if not late or service in slow or any(item.detector in _OF_AN_OPERATION for item in items):
            continue
        below = topology.below(service)
        causes = [other for other in slow if other in below and slow[other] >= _ENOUGH * max(late)]
        if causes:
            yield service, max(causes, key=lambda other: (slow[other], other))


def _halves(
    found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology
) -> Iterator[tuple[ServiceKey, ServiceKey]]:
    """Callers whose calls fail by themselves, as far as one can see, and callees who know these calls as operations of
    theirs that are not as usual: of a call that is not answered in time only the caller's half is there. Or callees
    that fail others, who name their calls of it so."""
    mute = {
        item.service: topology.named(item.service)
        for others in found.values()
        for item in others
        if item.detector == "edge_errors"
    }
    for caller, items in found.items():
        failing = {item.subject for item in items if item.detector == "span_errors"}
        if not failing:
            continue
        for callee in topology.callees(caller):
            if failing & _operations(found, (callee,)):
                yield caller, callee
        for callee, named in sorted(mute.items()):
            if callee != caller and failing & named:
                yield caller, callee


def _operations(found: Mapping[ServiceKey, Sequence[Anomaly]], services: Iterable[ServiceKey]) -> frozenset[str]:
    return frozenset(
        item.subject for service in services for item in found.get(service, ()) if item.detector in _OF_AN_OPERATION
    )


def _named(finding: Anomaly, operations: frozenset[str]) -> bool:
    return finding.detector in _OF_AN_OPERATION and finding.subject in operations
