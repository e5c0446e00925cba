"""A diagnosis put together and put into words, from what was measured and nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime

from analyzers.anomaly import Anomaly
from rca.changed import SIGNAL, Changes
from rca.diagnosis import Diagnosis, RootCause, RuledOut
from rca.graph import ServiceGraph
from rca.hints import told
from rca.naming import SIGNAL as NAMED
from rca.ranking import rank
from rca.rules import Rule, first_match
from rca.second import second_fault
from rca.weights import RankingSettings, signal_of

# Below this the best candidate is no more than a hint.
_THIN_SCORE = 0.8
# Below this it can't be told from the next one.
_CLOSE_MARGIN = 0.1

_STEPS = {
    "self_time": "Profile {operation} in {service}; check CPU limits, throttling, garbage collection and locks there.",
    "edge_gap": "Check the network between the caller and {service}: latency, retransmits, proxies, its accept queue.",
    "span_errors": "Read the failing spans and logs of {operation} in {service}; compare with its last release.",
    "edge_errors": "Check that {service} runs and can be reached; compare its times with its callers' timeouts.",
    "early_timeout": "Compare the timeouts of {service} with what the calls it makes usually take; see what set them.",
    "error_share": "Read the new ERROR records of {service}, oldest first.",
    "new_template": "Read the records behind the new log template in {service}; see what released it.",
    "template_fall": "See what in {service} stops the work before the missing log statement is reached.",
    "template_rise": "See what makes {service} log this more often: retries, a loop, or other input.",
    "calls_fall": "See why {service} gives up before it makes its usual calls.",
    "calls_rise": "Look for a retry loop in {service}.",
    "throughput": "Check that {service} is running, ready and consuming; look at its queue and its restarts.",
    "consumption": "Check that {service} still consumes: its subscription, its last commit or ack, a poison message.",
}


def diagnose(
    anomalies: Sequence[Anomaly],
    graph: ServiceGraph,
    rules: Sequence[Rule],
    now_unix_nano: int,
    settings: RankingSettings | None = None,
    changes: Changes | None = None,
) -> Diagnosis:
    """Pure: rank, say what speaks against the runners-up, and say so when the evidence is thin."""
    causes = rank(anomalies, graph, settings, changes)
    anomalies = told(anomalies, settings)
    inconclusive = _inconclusive(causes)
    second = second_fault(causes, graph)
    return Diagnosis(
        root_causes=causes,
        ruled_out=tuple(_ruled_out([item for item in causes if item is not second])),
        summary=_summary(causes, second, inconclusive),
        remediation_steps=_steps(causes, anomalies, rules),
        graph=graph,
        diagnose_unix_nano=now_unix_nano,
        inconclusive_reason=inconclusive,
    )


def _inconclusive(causes: Sequence[RootCause]) -> str:
    if not causes:
        return "nothing departs from normal in this time; give a time range in which the symptom was visible"
    if causes[0].score < _THIN_SCORE:
        return (
            f"the strongest candidate, {causes[0].service.name}, rests on thin evidence (score {causes[0].score:.2f});"
            " more traffic or a longer time range would tell"
        )
    if len(causes) > 1 and causes[0].score - causes[1].score < _CLOSE_MARGIN:
        return f"{causes[0].service.name} and {causes[1].service.name} can't be told apart by what was seen"
    return ""


def _ruled_out(causes: Sequence[RootCause]) -> list[RuledOut]:
    ruled_out = []
    for candidate in causes[1:6]:
        against = [item for item in candidate.evidence if item.contribution < 0]
        if against:
            reason = against[0].description
        else:
            reason = (
                f"it departs less from normal (score {candidate.score:.2f} against {causes[0].score:.2f} of"
                f" {causes[0].service.name})"
            )
        ruled_out.append(RuledOut(candidate.service, reason))
    return ruled_out


def _summary(causes: Sequence[RootCause], second: RootCause | None, inconclusive: str) -> str:
    if not causes:
        return f"Inconclusive: {inconclusive}."
    top = causes[0]
    lines = [_sentence(top.hypothesis)]
    if inconclusive:
        lines.insert(0, f"Inconclusive: {inconclusive}. The best guess so far:")
    lines += [_sentence(item.description) for item in top.evidence[:3] if item.contribution > 0 and item.anomaly_ids]
    lines += [_sentence(f"Changed before: {item.description}") for item in top.evidence if item.signal == SIGNAL]
    if len(top.path) > 1:
        lines.append(f"It spreads along {' -> '.join(step.name for step in top.path)}.")
    if second is not None:
        lines.append(
            f"There may be a second fault, since neither calls the other: {second.service.name} is not ruled out."
            f" {_sentence(second.hypothesis)}"
        )
    if top.pod:
        lines.append(f"Most of it is in pod {top.pod}.")
    if top.onset_unix_nano:
        lines.append(f"It began at {datetime.fromtimestamp(top.onset_unix_nano / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC.")
    return " ".join(lines)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _steps(causes: Sequence[RootCause], anomalies: Sequence[Anomaly], rules: Sequence[Rule]) -> tuple[str, ...]:
    """First what the culprit's own errors call for, then what its signals call for."""
    if not causes:
        return ()
    top = causes[0]
    steps: list[str] = []
    own = sorted((item for item in anomalies if item.service == top.service), key=lambda item: -abs(item.surprise))
    for anomaly in own:
        for exemplar in anomaly.exemplars:
            rule = first_match(rules, exemplar.body, exemplar.exception_type, exemplar.severity)
            if rule is not None:
                steps += rule.steps
                break
        if steps:
            break
    if any(item.signal == SIGNAL for item in top.evidence):
        steps.append(f"Undo the last change of {top.service.name}, or compare with what ran before.")
    signals = [signal_of(item) for item in own]
    if any(item.signal == NAMED for item in top.evidence):
        # Its callers say that it does not answer.
        signals.insert(0, "edge_errors")
    for signal in dict.fromkeys(signals):
        if signal in _STEPS:
            steps.append(_STEPS[signal].format(service=top.service.name, operation=top.operation or "its operations"))
    return tuple(dict.fromkeys(steps))[:6]
