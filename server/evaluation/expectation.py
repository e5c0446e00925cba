"""What a scenario says should be found, held against what was."""

from collections.abc import Iterator, Sequence

from rca.diagnosis import RootCause
from rca.incident import Incident
from server.evaluation.simulation.scenario import Cause, Deployment, Expected, Scenario
from server.evaluation.simulation.world import pod_name


def unmet(scenario: Scenario, incidents: Sequence[Incident]) -> tuple[str, ...]:
    """A sentence for each expectation that is not met; empty when all is as it should be.

    Incidents that were merged into others don't count.
    """
    alone = [item for item in incidents if not item.merged_into]
    return tuple(_unmet(scenario.expected, scenario, alone))


def blamed(incident: Incident) -> RootCause | None:
    """The first root cause; None when there is none, or it was called inconclusive."""
    if incident.diagnosis is None or incident.diagnosis.inconclusive_reason or not incident.diagnosis.root_causes:
        return None
    return incident.diagnosis.root_causes[0]


def expected_pod(cause: Cause, scenario: Scenario) -> str:
    """The name of the pod that should be named; empty when none should."""
    if cause.pod is None or isinstance(cause.pod, str) or scenario.topology is None:
        return str(cause.pod or "")
    version = scenario.topology.services[cause.service].version
    for event in sorted((item for item in scenario.events if isinstance(item, Deployment)), key=lambda item: item.at):
        if event.deploy == cause.service:
            version = event.version
    return pod_name(cause.service, version, cause.pod, scenario.seed)


def _unmet(expected: Expected, scenario: Scenario, incidents: Sequence[Incident]) -> Iterator[str]:
    if len(incidents) != expected.incident_count:
        yield f"{len(incidents)} incidents instead of {expected.incident_count}"
    first = [(item, cause) for item in incidents if (cause := blamed(item)) is not None]
    names = ", ".join(cause.service.name for _, cause in first) or "nobody"
    for wanted in expected.causes:
        right = [(item, cause) for item, cause in first if cause.service.name in wanted.services]
        if not right:
            yield f"{wanted.service} is not first in any incident, but {names}"
        elif faults := [list(_imprecise(wanted, item, cause, scenario)) for item, cause in right]:
            yield from min(faults, key=len)
    for _, cause in first:
        if cause.service.name in expected.not_blamed:
            yield f"{cause.service.name} is blamed"
    if expected.says and not any(expected.says.casefold() in _told(item).casefold() for item in incidents):
        yield f"no incident says {expected.says!r}"
    if expected.ended is not None:
        wrong = [item for item in incidents if item.ongoing == expected.ended]
        if wrong:
            yield f"{len(wrong)} incidents {'have not ended' if expected.ended else 'have ended'}"


def _imprecise(wanted: Cause, incident: Incident, cause: RootCause, scenario: Scenario) -> Iterator[str]:
    """What is missing beyond the service."""
    pod = expected_pod(wanted, scenario)
    if pod and cause.pod != pod:
        yield f"the pod is {cause.pod or 'not named'} instead of {pod}"
    cited = {anomaly_id for evidence in cause.evidence for anomaly_id in evidence.anomaly_ids}
    subjects = [item.subject for item in incident.anomalies if item.anomaly_id in cited]
    if wanted.edge and cause.operation != wanted.edge and wanted.edge not in subjects:
        yield f"the edge {wanted.edge} is not evidence"
    if wanted.operation and cause.operation != wanted.operation and wanted.operation not in subjects:
        yield f"the operation is {cause.operation or 'not named'} instead of {wanted.operation}"
    texts = [*subjects, *(evidence.description for evidence in cause.evidence)]
    if wanted.log and not any(wanted.log in text for text in texts):
        yield f"no evidence quotes {wanted.log!r}"


def _told(incident: Incident) -> str:
    diagnosis = incident.diagnosis
    texts = [incident.title, *incident.labels.keys(), *incident.labels.values()]
    if diagnosis is not None:
        texts += [diagnosis.summary, diagnosis.inconclusive_reason]
    return " ".join(texts).replace("_", " ")
