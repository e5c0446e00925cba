"""An incident as a person wants to read it at three in the morning: the cause first, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypocenter.v1 import incident_pb2, root_cause_pb2
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clients.cli.terminal import clock, moment, safe, severity, shown, state, table


def incidents_table(incidents: Sequence[incident_pb2.Incident]) -> Table:
    """One line for each."""
    rows = table("SEVERITY", "STATE", "!STARTED", "TITLE", "ROOT CAUSE", "NAME")
    for incident in incidents:
        rows.add_row(
            severity(incident.severity),
            state(incident.state),
            moment(incident.start_time),
            shown(incident.title, "bold", limit=200),
            shown(_cause_name(incident)),
            shown(incident.name, "dim"),
        )
    return rows


def show_incident(console: Console, incident: incident_pb2.Incident) -> None:
    """The whole incident."""
    heading = Text.assemble(
        severity(incident.severity), "  ", state(incident.state), "  ", (safe(incident.title), "bold")
    )
    console.print(heading)
    console.print(shown(incident.name, "dim"))
    console.print()
    console.print(_facts(incident))
    show_diagnosis(console, incident.diagnosis)
    if incident.resolution:
        _section(console, "Resolution", shown(incident.resolution))


def show_diagnosis(console: Console, diagnosis: root_cause_pb2.Diagnosis) -> None:
    """What is thought to be the cause, why, and what is not."""
    if diagnosis.summary:
        _section(console, "Summary", shown(diagnosis.summary))
    if diagnosis.inconclusive_reason:
        _section(console, "Inconclusive", shown(diagnosis.inconclusive_reason, "yellow"))
    if diagnosis.root_causes:
        first, *others = diagnosis.root_causes
        _section(console, "Root cause", _cause(first))
        if others:
            _section(console, "Other candidates", _candidates(others))
    elif not diagnosis.inconclusive_reason:
        _section(console, "Root cause", Text("no diagnosis yet", style="dim"))
    if diagnosis.ruled_out:
        ruled_out = [Text.assemble((safe(r.service_name), "bold"), f"  {safe(r.reason)}") for r in diagnosis.ruled_out]
        _section(console, "Ruled out", *ruled_out)
    if diagnosis.similar_incidents:
        _section(console, "Seen before", *map(_similar, diagnosis.similar_incidents))
    if diagnosis.remediation_steps:
        steps = [shown(f"{number}. {step}") for number, step in enumerate(diagnosis.remediation_steps, start=1)]
        _section(console, "What to do", *steps)


def rounded_to_total(values: Sequence[float], total: float) -> list[float]:
    """The values in hundredths, rounded so that they add up to the total in hundredths where they do unrounded."""
    hundredths = [math.floor(value * 100) for value in values]
    missing = round(round(total, 2) * 100) - sum(hundredths)
    if 0 <= missing <= len(values):
        # The largest remainders are rounded up, as many as are missing.
        order = sorted(range(len(values)), key=lambda i: hundredths[i] - values[i] * 100)
        for index in order[:missing]:
            hundredths[index] += 1
        return [value / 100 for value in hundredths]
    return [round(value, 2) for value in values]


def arrows(path: Sequence[str]) -> str:
    """Services from the cause to where it is felt."""
    return " → ".join(safe(service) for service in path)


def _cause_name(incident: incident_pb2.Incident) -> str:
    causes = incident.diagnosis.root_causes
    return causes[0].service_name if causes else ""


def _facts(incident: incident_pb2.Incident) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")

    def add(name: str, value: str) -> None:
        if value:
            facts.add_row(name, shown(value))

    add("started", moment(incident.start_time))
    add("quiet since", moment(incident.end_time) or "not yet: it is still going on")
    add("acknowledged", moment(incident.acknowledge_time))
    add("resolved", moment(incident.resolve_time) + (", by itself" if incident.auto_resolved else ""))
    add("services", ", ".join(incident.service_names))
    add("came back", _came_back(incident))
    add("continues", incident.previous_incident)
    add("merged into", incident.merged_into)
    add("labels", ", ".join(f"{key}={value}" for key, value in sorted(incident.labels.items())))
    return facts


def _came_back(incident: incident_pb2.Incident) -> str:
    if not incident.reopen_count:
        return ""
    times = "once" if incident.reopen_count == 1 else f"{incident.reopen_count} times"
    return ", last ".join(filter(None, (times, moment(incident.reopen_time))))


def _cause(cause: root_cause_pb2.RootCause) -> RenderableType:
    head = Text.assemble(
        (safe(cause.service_name), "bold red"), f"  score {cause.score:.2f}  confidence {cause.confidence:.0%}"
    )
    where = [f"pod {cause.pod_name}" if cause.pod_name else "", cause.operation]
    if cause.HasField("onset_time"):
        where.append(f"first off normal {clock(cause.onset_time.ToNanoseconds())}")
    lines: list[RenderableType] = [head]
    if any(where):
        lines.append(shown(", ".join(part for part in where if part), "dim"))
    if cause.hypothesis:
        lines.append(shown(cause.hypothesis))
    if cause.propagation_path:
        lines.append(Text(arrows(cause.propagation_path)))
    if cause.evidence:
        lines += [Text(""), _evidence(cause)]
    return Group(*lines)


def _evidence(cause: root_cause_pb2.RootCause) -> Table:
    rows = table(">WEIGHT", "SIGNAL", "EVIDENCE", "SEEN IN")
    weights = rounded_to_total([evidence.contribution for evidence in cause.evidence], cause.score)
    for weight, evidence in zip(weights, cause.evidence, strict=True):
        seen = [f"template {evidence.template_id}"] if evidence.template_id else []
        seen += [f"trace {trace_id}" for trace_id in evidence.trace_ids[:2]]
        rows.add_row(
            Text(f"{weight:+.2f}", style="green" if weight >= 0 else "magenta"),
            shown(evidence.signal),
            shown(evidence.description),
            shown(", ".join(seen), "dim"),
        )
    rows.add_row(Text(f"{sum(weights):+.2f}", style="bold"), "sum", Text(""), Text(""))
    if abs(sum(evidence.contribution for evidence in cause.evidence) - cause.score) >= 0.01:
        rows.add_row(Text(f"{cause.score:+.2f}", style="bold yellow"), "score: does not add up", Text(""), Text(""))
    return rows


def _candidates(causes: Sequence[root_cause_pb2.RootCause]) -> Table:
    rows = table("SERVICE", ">SCORE", ">CONFIDENCE", "HYPOTHESIS")
    for cause in causes:
        rows.add_row(
            shown(cause.service_name),
            f"{cause.score:.2f}",
            f"{cause.confidence:.0%}",
            shown(cause.hypothesis, limit=300),
        )
    return rows


def _similar(similar: root_cause_pb2.SimilarIncident) -> RenderableType:
    lines = [
        Text.assemble((safe(similar.title or similar.incident), "bold"), f"  {similar.score:.0%} alike"),
        shown("  ".join(filter(None, [moment(similar.start_time), similar.incident])), "dim"),
    ]
    if similar.root_cause_service_name:
        lines.append(shown(f"cause then: {similar.root_cause_service_name}"))
    if similar.resolution:
        lines.append(shown(f"fixed by: {similar.resolution}", "green"))
    if similar.shared:
        lines.append(shown(f"in common: {', '.join(similar.shared)}", "dim"))
    if similar.different:
        lines.append(shown(f"different: {', '.join(similar.different)}", "dim"))
    return Group(*lines)


def _section(console: Console, title: str, *content: RenderableType) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    console.print(Padding(Group(*content), (0, 0, 0, 2), expand=False))
