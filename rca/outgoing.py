"""Callers that lose time, or get no answer, on the way to most of what they call, or where all others are answered, or
where they do not find the name or nobody ever called it: it is they, not all the others."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.detectors.throughput import Throughput
from analyzers.exemplar import WARN
from analyzers.service import ServiceKey
from rca.diagnosis import Diagnosis, Evidence
from rca.graph import Topology
from rca.rules import rule_of
from rca.weights import IDLE, RISE, RankingSettings, signal_of, strength

# Calls to at least this many services, and to this share of all it calls and waits for, must be slow or fail. Two that
# don't answer may have a third to wait for that nobody sees, unless they answer others.
_MANY, _ALONE, _MOST = 2, 3, 0.6
# Or one alone that answers so many calls of others, of which no more than this share of its share fail; and that does
# so much of the work that others ask of it.
_PLENTY, _FEWER, _AT_WORK = 10, 0.1, 0.5
# What a name that nobody knows is called in the rules: whoever would answer was never asked.
_UNRESOLVED = "name_resolution"
_TOLD = frozenset({"new_template", RISE})
_SAID = {
    "edge_gap": ("outgoing_gaps", "loses time on the way to"),
    "edge_errors": ("outgoing_errors", "gets no answer from"),
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`by`: what was found of the callees of each such caller, by detector; `unresolved`: what those log that do not
    find the name of one of them."""

    by: Mapping[ServiceKey, Mapping[str, tuple[Anomaly, ...]]]
    unresolved: Mapping[ServiceKey, Anomaly]

    def told(self, service: ServiceKey) -> tuple[Anomaly, ...]:
        return tuple(item for found in self.by.get(service, {}).values() for item in found)

    def fails(self, service: ServiceKey) -> bool:
        return "edge_errors" in self.by.get(service, {})


def outgoing(found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> Outgoing:
    """Of those whose calls fail only what their callees have nothing to do with: where others get no answer either, or
    anything is wrong that begins there, it is the callee's."""
    by: dict[ServiceKey, dict[str, list[Anomaly]]] = defaultdict(lambda: defaultdict(list))
    unresolved = {caller: said for caller, items in sorted(found.items()) if (said := _unresolved(items)) is not None}
    for callee, items in sorted(found.items()):
        callers = {item.peer for item in items if item.detector == "edge_errors"}
        well = len(callers) == 1 and all(item.detector in IDLE or item.peer in callers for item in items)
        well = well and not any(_troubled(found.get(item, ()), callee) for item in topology.awaited(callee))
        for item in items:
            if item.peer is None or item.peer == callee:
                continue
            if item.detector == "edge_gap" or (item.detector == "edge_errors" and well):
                by[item.peer][item.detector].append(item)
    return Outgoing(
        {
            caller: kept
            for caller, said in by.items()
            if (
                kept := {
                    name: tuple(items)
                    for name, items in said.items()
                    if (name == "edge_errors" and _astray(caller, items, unresolved))
                    or _most(caller, name, items, found, topology)
                }
            )
        },
        unresolved,
    )


def _astray(caller: ServiceKey, items: Sequence[Anomaly], unresolved: Container[ServiceKey]) -> bool:
    """Whether it asks for one that nobody finds, or that nobody ever asked for: where it should ask, it doesn't."""
    new = all(item.new_name for item in items)
    return len({item.service for item in items}) == 1 and (new or caller in unresolved)


def _unresolved(found: Iterable[Anomaly]) -> Anomaly | None:
    """The finding about an error that says so: what its template always says, since the rest may be anybody's input."""
    unknown = rule_of(_UNRESOLVED).pattern
    said = [
        item
        for item in found
        if signal_of(item) in _TOLD
        and unknown.search(item.subject)
        and any(example.severity >= WARN for example in item.exemplars)
    ]
    return max(said, key=lambda item: (item.surprise, item.anomaly_id), default=None)


def _most(
    caller: ServiceKey,
    detector: str,
    items: Sequence[Anomaly],
    found: Mapping[ServiceKey, Sequence[Anomaly]],
    topology: Topology,
) -> bool:
    callees = {item.service for item in items}
    if detector == "edge_errors" and all(_serves(item, caller, found[item.service], topology) for item in items):
        return True
    least = _MANY if detector == "edge_gap" or all(_answers(item, caller, topology) for item in callees) else _ALONE
    return len(callees) >= max(least, _MOST * len(topology.awaited(caller)))


def _troubled(found: Iterable[Anomaly], caller: ServiceKey) -> bool:
    """Whether anything is wrong there but that somebody else than `caller` finds it out of reach."""
    return any(item.detector not in IDLE and item.peer in (None, caller) for item in found)


def _serves(item: Anomaly, caller: ServiceKey, beside: Iterable[Anomaly], topology: Topology) -> bool:
    """Whether it serves all others as ever: mostly the address, the password or the network of this one is wrong, if
    they ask for the same things, which nobody knows."""
    others = [topology.call(other, item.service) for other in topology.callers(item.service) - {caller}]
    made = sum(call.calls for call in others if call is not None)
    failed = sum(call.failed for call in others if call is not None)
    if made < _PLENTY or failed > _FEWER * item.observed * made:
        return False
    mine = topology.call(caller, item.service)
    share = made / (made + (max(mine.calls, mine.failed) if mine is not None else 0))
    falls = (fall for fall in beside if fall.detector == Throughput.name and fall.subject == Throughput.all_work)
    return min((fall.observed / fall.expected for fall in falls), default=1.0) >= _AT_WORK * share


def _answers(callee: ServiceKey, caller: ServiceKey, topology: Topology) -> bool:
    """Whether it answers anybody else."""
    calls = (topology.call(other, callee) for other in topology.callers(callee) - {caller})
    return any(call is not None and call.calls > call.failed for call in calls)


def evidence_of_outgoing(service: ServiceKey, going: Outgoing, settings: RankingSettings) -> Iterable[Evidence]:
    """What speaks against such a caller."""
    for detector, items in sorted(going.by.get(service, {}).items()):
        unresolved = going.unresolved.get(service) if detector == "edge_errors" else None
        # The middle one: what all have in common is the caller's, what only one has may be that callee's.
        middle = sorted(items, key=lambda item: (item.surprise, item.anomaly_id))[(len(items) - 1) // 2]
        signal, said = _SAID[detector]
        alone = "nobody ever called that name before" if middle.new_name else "others are answered"
        alone = alone if unresolved is None else f'it does not find the name, "{unresolved.subject}"'
        yield Evidence(
            signal=signal,
            contribution=settings.weights[detector] * strength(middle.surprise),
            description=(
                f"it {said} {len(items)} of the services it calls: {middle.description}"
                if len(items) > 1
                else f"{alone}: {middle.description}"
            ),
            anomaly_ids=tuple(item.anomaly_id for item in (middle, *(item for item in items if item is not middle))),
            trace_ids=middle.trace_ids,
        )


def by_caller(item: Anomaly) -> bool:
    """Whether a caller, its `peer`, found it of one that it calls."""
    return item.detector in _SAID


def finds(diagnosis: Diagnosis) -> bool:
    """Whether what is blamed is blamed for what it finds of others."""
    signals = {signal for signal, _ in _SAID.values()}
    return any(item.signal in signals for cause in diagnosis.root_causes[:1] for item in cause.evidence)


def spared(
    found: Iterable[Anomaly], evidence: Iterable[Evidence], going: Outgoing, settings: RankingSettings
) -> Iterable[Evidence]:
    """What such callers find of a service does not speak against it, where nobody else finds it."""
    by_detector: dict[str, list[Anomaly]] = defaultdict(list)
    for item in found:
        if item.detector in _SAID and item.peer is not None and item.peer != item.service:
            by_detector[item.detector].append(item)
    counted = {item.signal: item.contribution for item in evidence}
    for detector, items in sorted(by_detector.items()):
        callers = {item.peer for item in items if item.peer is not None}
        if not all(detector in going.by.get(caller, {}) for caller in callers):
            continue
        yield Evidence(
            signal="explained_by_caller",
            contribution=-settings.explained * counted[detector],
            description=_theirs(detector, callers, going),
            anomaly_ids=tuple(item.anomaly_id for item in items),
        )


def _theirs(detector: str, callers: Iterable[ServiceKey], going: Outgoing) -> str:
    """Why it is those callers."""
    names = ", ".join(sorted(caller.name for caller in callers))
    if all(len(going.by[caller][detector]) > 1 for caller in callers):
        return f"{names} {_SAID[detector][1]} others just as well"
    if any(caller in going.unresolved for caller in callers):
        return f"{names} does not find its name"
    if all(item.new_name for caller in callers for item in going.by[caller][detector]):
        return f"nobody but {names} ever called that name"
    return f"it answers all but {names}"
