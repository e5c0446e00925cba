"""Which past incidents resemble this one, and in what: the memory of what fixed it last time."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analyzers.anomaly import Anomaly
from rca.diagnosis import SimilarIncident
from rca.incident import Incident
from rca.store.base import IncidentStore


class Kind(StrEnum):
    ROOT_CAUSE = "root cause"
    EXCEPTION = "exception"
    TEMPLATE = "template"
    OPERATION = "operation"
    EDGE = "calls"
    SIGNAL = "signal"
    AFFECTED = "affected service"
    WORD = "word of an error"


# What one feature of a kind counts before its rarity. Words are many and services are few.
_WEIGHTS: Mapping[Kind, float] = {
    Kind.ROOT_CAUSE: 3.0,
    Kind.EXCEPTION: 2.0,
    Kind.TEMPLATE: 2.0,
    Kind.OPERATION: 1.5,
    Kind.EDGE: 1.5,
    Kind.SIGNAL: 1.0,
    Kind.AFFECTED: 0.5,
    Kind.WORD: 0.3,
}
# Without one of these in common, two incidents only sound alike.
_STRUCTURE = frozenset({Kind.ROOT_CAUSE, Kind.TEMPLATE, Kind.OPERATION, Kind.EDGE})
# Below this, what is shared is what all incidents share.
_LEAST_SCORE = 0.1
# Scores in the same step are as good as equal; then it counts which one says what fixed it.
_STEP = 0.05

_ERROR = 17
# How many things, and how much of one, are said to a person.
_SAID, _SAID_CHARS = 6, 80
_QUERY_WORDS = 64
_WORDS = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff]{2,}")
_CALL_DETECTORS = frozenset({"edge_gap", "edge_calls", "edge_errors", "early_timeout"})
_OPERATION_DETECTORS = frozenset({"self_time", "span_errors"})


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """One thing about an incident that another may share. `text` is how it is said, and takes no part in sharing."""

    kind: Kind
    value: str
    text: str = field(compare=False)

    def __str__(self) -> str:
        said = self.text if len(self.text) <= _SAID_CHARS else self.text[: _SAID_CHARS - 1] + "…"
        return f"{self.kind}: {said}"


def fingerprint(incident: Incident) -> frozenset[Feature]:
    """All features of an incident. Pods, counts and times are not among them: they never come again."""
    return frozenset(_features(incident))


def similar(incident: Incident, candidates: Iterable[Incident], limit: int) -> tuple[SimilarIncident, ...]:
    """The past incidents most like `incident`, best first; none when nothing structural is shared.

    Pure. Features count by their kind and by how rare they are among the candidates. The incident itself, what was
    merged with it, and what began later are no candidates.
    """
    past = {item.incident_id: item for item in candidates if _is_past(item, incident)}
    mine = fingerprint(incident)
    prints = {incident_id: fingerprint(item) for incident_id, item in past.items()}
    weights = _rarity_weights((mine, *prints.values()))
    found = []
    for incident_id, theirs in prints.items():
        shared = mine & theirs
        if not any(item.kind in _STRUCTURE for item in shared):
            continue
        # The cosine of the two: a young incident that shows a part of what an old one showed in full still scores.
        both = math.sqrt(_total(mine, weights) * _total(theirs, weights))
        score = min(1.0, _total(shared, weights) / both)
        if score < _LEAST_SCORE:
            continue
        found.append(_describe(past[incident_id], score, mine, theirs, weights))
    found.sort(key=_rank)
    return tuple(found[: max(limit, 0)])


def candidates(store: IncidentStore, incident: Incident, limit: int) -> tuple[Incident, ...]:
    """At most `limit` incidents worth comparing: what the text search finds, half of them at most, and the newest."""
    if limit < 1:
        return ()
    found = [match for match, _ in store.search(_query(incident), limit + 1)]
    newest = store.list()[: limit + 1]
    chosen: dict[str, Incident] = {}
    for group, room in ((found, (limit + 1) // 2), (newest, limit), (found, limit)):
        for item in group:
            if len(chosen) < room and item.incident_id != incident.incident_id:
                chosen.setdefault(item.incident_id, item)
    return tuple(chosen.values())


def previous(incident: Incident, past: Iterable[Incident]) -> str:
    """The id of the last one before it that had the same root cause and was over; empty when there is none."""
    same = [
        item
        for item in past
        if item.root_cause is not None
        and item.root_cause == incident.root_cause
        and _is_past(item, incident)
        and not item.merged_into
        and not item.ongoing
        and (item.end_unix_nano or item.resolve_unix_nano) <= incident.create_unix_nano
    ]
    return max(same, key=lambda item: (item.start_unix_nano, item.incident_id)).incident_id if same else ""


def _is_past(item: Incident, incident: Incident) -> bool:
    if item.incident_id in (incident.incident_id, incident.merged_into) or item.merged_into == incident.incident_id:
        return False
    return item.start_unix_nano <= incident.start_unix_nano


def _rank(found: SimilarIncident) -> tuple[int, bool, float, int, str]:
    step = round(found.score / _STEP)
    return (-step, not found.resolution, -found.score, -found.start_unix_nano, found.incident_id)


def _rarity_weights(prints: Iterable[frozenset[Feature]]) -> dict[Feature, float]:
    held = tuple(prints)
    counts = Counter(item for one in held for item in one)
    return {item: _WEIGHTS[item.kind] * math.log(1 + len(held) / count) for item, count in counts.items()}


def _total(features: frozenset[Feature], weights: Mapping[Feature, float]) -> float:
    # fsum, because a set has no order and the score shall not depend on one.
    return math.fsum(weights[item] for item in features)


def _describe(
    past: Incident,
    score: float,
    mine: frozenset[Feature],
    theirs: frozenset[Feature],
    weights: Mapping[Feature, float],
) -> SimilarIncident:
    gone = [f"only then: {text}" for text in _say(theirs - mine, weights)]
    fresh = [f"only now: {text}" for text in _say(mine - theirs, weights)]
    # Both sides are heard, however much there is of the other.
    fewer = max(_SAID // 2, _SAID - len(fresh))
    return SimilarIncident(
        incident_id=past.incident_id,
        title=past.title,
        score=score,
        shared=tuple(_say(mine & theirs, weights)[:_SAID]),
        different=(*gone[:fewer], *fresh[: _SAID - len(gone[:fewer])]),
        resolution=past.resolution,
        start_unix_nano=past.start_unix_nano,
        root_cause=str(past.root_cause or ""),
    )


def _say(features: frozenset[Feature], weights: Mapping[Feature, float]) -> list[str]:
    """The weightiest first; words of errors go without saying, since their templates are named."""
    told = [item for item in features if item.kind is not Kind.WORD]
    return [str(item) for item in sorted(told, key=lambda item: (-weights[item], item))]


def _features(incident: Incident) -> Iterator[Feature]:
    cause = incident.root_cause
    if cause is not None:
        yield Feature(Kind.ROOT_CAUSE, str(cause), str(cause))
    for service in incident.services:
        yield Feature(Kind.AFFECTED, str(service), str(service))
    for anomaly in incident.anomalies:
        yield from _of_anomaly(anomaly)
        if cause is None or anomaly.service == cause:
            signal = f"{anomaly.detector} {'rise' if anomaly.surprise > 0 else 'fall'}"
            yield Feature(Kind.SIGNAL, signal, signal)


def _of_anomaly(anomaly: Anomaly) -> Iterator[Feature]:
    if anomaly.template_id:
        yield Feature(Kind.TEMPLATE, f"{anomaly.detector} {anomaly.template_id}", anomaly.subject)
    elif anomaly.detector in _CALL_DETECTORS and anomaly.peer is not None:
        ends = (anomaly.service, anomaly.peer)
        client, server = ends if anomaly.detector == "edge_calls" else ends[::-1]
        yield Feature(Kind.EDGE, f"{client} -> {server}", f"{client.name} -> {server.name}")
    elif anomaly.detector in _OPERATION_DETECTORS:
        yield Feature(
            Kind.OPERATION, f"{anomaly.service} {anomaly.subject}", f"{anomaly.subject} of {anomaly.service.name}"
        )
    for exemplar in anomaly.exemplars:
        if exemplar.exception_type:
            yield Feature(Kind.EXCEPTION, exemplar.exception_type, exemplar.exception_type)
    if anomaly.template_id and any(exemplar.severity >= _ERROR for exemplar in anomaly.exemplars):
        for word in _WORDS.findall(anomaly.subject.lower()):
            yield Feature(Kind.WORD, word, word)


def _query(incident: Incident) -> str:
    """Words to search by, the most telling first: hypotheses, then templates of errors, services, the rest."""
    causes = incident.diagnosis.root_causes if incident.diagnosis else ()
    strongest = sorted(incident.anomalies, key=lambda item: (-abs(item.surprise), item.anomaly_id))
    texts = (
        *(cause.hypothesis for cause in causes[:3]),
        *(item.subject for item in strongest if any(seen.severity >= _ERROR for seen in item.exemplars)),
        *(service.name for service in incident.services),
        *(item.subject for item in strongest),
    )
    words = dict.fromkeys(word for text in texts for word in _WORDS.findall(text.lower()))
    return " ".join(list(words)[:_QUERY_WORDS])
