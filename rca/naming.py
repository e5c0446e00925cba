"""Whom the errors of a service name, where there are no spans to tell whom it calls.

Only what a template always says counts, and only where it speaks of a call: what differs from record to record may be
anybody's input, and "user" or "order" are words before they are services. Whoever always sends the same words may still
bring them into a template; so this is no more than what others say, and counts for less than what is seen.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.exemplar import WARN
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence
from rca.graph import Topology
from rca.weights import RISE, RankingSettings, propagated, signal_of

SIGNAL = "named_in_errors"
# Names as they stand in any text, and words of calls that go wrong.
_TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
_CALL = re.compile(
    r"call|request|upstream|downstream|client|connect|time[ds]?.?out|deadline|unavailable|unreachable|refused|reset|"
    r"answer|respon|return|retry|retries|attempt|gave up|giving up|hung up|could not be used|"
    r"调用|请求|连接|超时|响应|重试",
    re.IGNORECASE,
)
_TELLING = frozenset({"new_template", RISE})


@dataclass(frozen=True, slots=True)
class Naming:
    """The finding of another whose errors name `service`."""

    finding: Anomaly
    service: ServiceKey


def named(found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> dict[ServiceKey, Naming]:
    """By service whose errors name another."""
    namings = ((service, _by(service, found, topology)) for service in sorted(found))
    return {service: naming for service, naming in namings if naming is not None}


def evidence_of_naming(
    namings: Mapping[ServiceKey, Naming], own: Mapping[ServiceKey, Sequence[Evidence]], settings: RankingSettings
) -> dict[ServiceKey, Evidence]:
    """What the errors of others say about those they name, beyond what these show themselves: of several the loudest.
    Whoever names another in its turn only passes on what it was told."""
    made: dict[ServiceKey, Evidence] = {}
    for service, naming in namings.items():
        if naming.service in namings:
            continue
        said = Evidence(
            signal=SIGNAL,
            contribution=settings.named * propagated(own[service]) - _shown(own[naming.service]),
            description=f'errors of {service.name} name it: "{naming.finding.subject}"',
            anomaly_ids=(naming.finding.anomaly_id,),
            trace_ids=naming.finding.trace_ids,
            template_id=naming.finding.template_id,
        )
        known = made.get(naming.service)
        if said.contribution > 0 and (known is None or said.contribution > known.contribution):
            made[naming.service] = said
    return made


def blaming(
    service: ServiceKey,
    evidence: Iterable[Evidence],
    namings: Mapping[ServiceKey, Naming],
    settings: RankingSettings,
) -> Iterable[Evidence]:
    """What speaks for one whose errors name another."""
    naming = namings.get(service)
    weight = propagated(evidence)
    if naming is not None and weight > 0:
        yield Evidence(
            signal="explained_by_callee",
            contribution=-settings.explained * weight,
            description=f'its errors name {naming.service.name}: "{naming.finding.subject}"',
            anomaly_ids=(naming.finding.anomaly_id,),
        )


def _shown(evidence: Iterable[Evidence]) -> float:
    return sum(item.contribution for item in evidence)


def _by(service: ServiceKey, found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> Naming | None:
    if service not in topology.untraced:
        return None
    for item in sorted(found[service], key=lambda item: (-item.surprise, item.anomaly_id)):
        if signal_of(item) in _TELLING and any(example.severity >= WARN for example in item.exemplars):
            callees = _callees(service, item.subject, found, topology) if _CALL.search(item.subject) else set()
            # Of several nobody knows which one was waited for.
            if len(callees) == 1:
                return Naming(item, callees.pop())
    return None


def _callees(
    service: ServiceKey, text: str, found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology
) -> set[ServiceKey]:
    """Others in the text, by name or by host. One that went silent is known by what was found of it."""
    tokens = {token.strip(".-") for token in _TOKEN.findall(text)}
    names = tokens | {token.partition(".")[0] for token in tokens}
    keys = {ServiceKey(service.environment, service.namespace, name) for name in names} - {service}
    return {key for key in keys if key in topology.untraced or found.get(key)}
