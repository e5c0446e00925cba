"""Nezha's inner-service level: not only which service, but which log statement of it, or what of it.

A label names the two statements between which the fault was put ("A_B": a `logger#line`, a text, or "OPERATION start"),
or the metric of the pod that would show it. A candidate is right when it is the true service, does not name another pod
than the true one (or none where the service ran as several), and the one finding its hypothesis names is

- a log template written by one of the two statements, or the operation one of them starts; or
- for the CPU of the pod, the service's own time; for its network, the time lost on the way to it.

One thing a candidate: what else is among its evidence does not count. Findings as surprising as the one that is named
are ties, and count as expected values; so do candidates of the same score. Nezha's own script wants both statements and
the pod, or the alarm of the very metric, which needs metrics; its ties share a rank, to its advantage.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from analyzers.summary import Summary
from clients.replay import Label
from rca.diagnosis import RootCause
from server.evaluation.scoring import Rank, rank_of

# Which log statements (as logger#line) wrote which template.
Statements = Mapping[tuple[ServiceKey, str], frozenset[str]]

_METRICS = {"Cpu": ("self_time", "outgoing_gaps"), "Network": ("edge_gap",)}
_SAME = 1e-9


def statements_of(buckets: Iterable[Summary]) -> Statements:
    """As the examples kept of each template tell."""
    found: dict[tuple[ServiceKey, str], set[str]] = {}
    for bucket in buckets:
        for service, summary in bucket.services.items():
            for template_id, seen in summary.templates.items():
                scopes = {exemplar.scope for exemplar in seen.exemplars if exemplar.scope}
                found.setdefault((service, template_id), set()).update(scopes)
    return {key: frozenset(scopes) for key, scopes in found.items()}


def comparable(label: Label, statements: Statements) -> bool:
    """Whether the label names anything that logs and traces of this case could show."""
    return bool(label.inner_label) and (_signals(label) is not None or bool(statements))


def inner_rank(
    causes: Sequence[RootCause], anomalies: Iterable[Anomaly], statements: Statements, label: Label, pods: int
) -> Rank | None:
    """The rank of the true service with what is wrong in it; None where that is not named. `pods` it ran as."""
    rank = rank_of(causes, label.root_cause_services)
    true = [cause for cause in causes if cause.service.name in label.root_cause_services]
    if rank is None:
        return None
    cause = max(true, key=lambda item: item.score)
    if label.root_cause_pod and cause.pod != label.root_cause_pod and (cause.pod or pods > 1):
        return None
    chance = _chance(cause, {item.anomaly_id: item for item in anomalies}, statements, label)
    return replace(rank, chance=chance) if chance else None


def _chance(cause: RootCause, known: Mapping[str, Anomaly], statements: Statements, label: Label) -> float:
    """The share of the findings its hypothesis could as well have named that are right."""
    leading = max(
        (item for item in cause.evidence if item.anomaly_ids and item.contribution > 0),
        key=lambda item: (item.contribution, item.signal),
        default=None,
    )
    if leading is None:
        return 0.0
    signals = _signals(label)
    if signals is not None:
        return float(leading.signal in signals)
    group = [known[item] for item in leading.anomaly_ids if item in known]
    most = abs(group[0].surprise) if group else 0.0
    named = [item for item in group if abs(item.surprise) >= most - _SAME]
    return sum(_meant(item, statements, label.inner_label) for item in named) / len(named) if named else 0.0


def _signals(label: Label) -> tuple[str, ...] | None:
    if "_" in label.inner_label:
        return None
    return next((signals for metric, signals in _METRICS.items() if metric in label.inner_label), ())


def _meant(finding: Anomaly, statements: Statements, inner_label: str) -> bool:
    written = statements.get((finding.service, finding.template_id), frozenset())
    for statement in inner_label.split("_"):
        if finding.template_id and (statement in written or statement in finding.subject):
            return True
        if not finding.template_id and statement.removesuffix(" start") == finding.subject:
            return True
    return False
