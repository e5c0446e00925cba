"""Whom the errors of a service name, where there are no spans to tell whom it calls.

Only what a template always says counts: what differs from record to record may be anybody's input.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.exemplar import WARN
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence
from rca.graph import Topology
from rca.weights import PROPAGATING, RISE, RankingSettings, signal_of

SIGNAL = "named_in_errors"
_TOKEN = re.compile(r"[^\s\"'()\[\]{},;:=<>/]+")
_TELLING = frozenset({"new_template", RISE})


@dataclass(frozen=True, slots=True)
class Naming:
    """The finding of another whose errors name `service`."""

    finding: Anomaly
    service: ServiceKey


def named(found: Mapping[ServiceKey, Sequence[Anomaly]], topology: Topology) -> dict[ServiceKey, Naming]:
    """By service whose errors name another."""
    namings = ((service, _by(service, items, topology)) for service, items in sorted(found.items()))
    return {service: naming for service, naming in namings if naming is not None}


def evidence_of_naming(
    namings: Mapping[ServiceKey, Naming], own: Mapping[ServiceKey, Sequence[Evidence]], settings: RankingSettings
) -> dict[ServiceKey, Evidence]:
    """What the errors of others say about those they name: of several the loudest. Whoever names another in its turn
    only passes on what it was told."""
    made: dict[ServiceKey, Evidence] = {}
    for service, naming in namings.items():
        if naming.service in namings:
            continue
        said = Evidence(
            signal=SIGNAL,
            contribution=settings.named * _weight(own[service]),
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
    weight = _weight(evidence)
    if naming is not None and weight > 0:
        yield Evidence(
            signal="explained_by_callee",
            contribution=-settings.explained * weight,
            description=f'its errors name {naming.service.name}: "{naming.finding.subject}"',
            anomaly_ids=(naming.finding.anomaly_id,),
        )


def _weight(evidence: Iterable[Evidence]) -> float:
    return sum(item.contribution for item in evidence if item.signal in PROPAGATING)


def _by(service: ServiceKey, items: Iterable[Anomaly], topology: Topology) -> Naming | None:
    if service not in topology.untraced:
        return None
    for item in sorted(items, key=lambda item: (-item.surprise, item.anomaly_id)):
        if signal_of(item) in _TELLING and any(example.severity >= WARN for example in item.exemplars):
            for token in _TOKEN.findall(item.subject):
                callee = ServiceKey(service.environment, service.namespace, token.strip(".-"))
                if callee != service and callee in topology.untraced:
                    return Naming(item, callee)
    return None
