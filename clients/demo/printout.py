"""An incident on paper: what a person on call wants to read first, top to bottom."""

from collections.abc import Iterable
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.v1.incident_pb2 import Incident, Severity
from hypocenter.v1.root_cause_pb2 import Diagnosis, Evidence, RootCause
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_SEVERITY_STYLES = {"LOW": "bold", "MEDIUM": "bold yellow", "HIGH": "bold red", "CRITICAL": "bold white on red"}
_MAX_CHARACTERS = 400
_MAX_OTHERS = 3


def incident_printout(incident: Incident, page_url: str) -> RenderableType:
    """Titles and descriptions may quote logs, so nothing in them is taken as markup or as a terminal command."""
    diagnosis = incident.diagnosis
    parts: list[RenderableType] = [Rule(style="dim"), _headline(incident)]
    if diagnosis.summary:
        parts.append(_indented(Text(_plain(diagnosis.summary))))
    if diagnosis.root_causes:
        parts += _root_cause(diagnosis.root_causes[0])
        parts += _section("Also considered", map(_other, diagnosis.root_causes[1 : 1 + _MAX_OTHERS]))
    else:
        reason = diagnosis.inconclusive_reason or "the analysis is not finished"
        parts += _section("Root cause", [Text(f"inconclusive: {_plain(reason)}")])
    parts += _section("Ruled out", (_named(each.service_name, each.reason) for each in diagnosis.ruled_out))
    parts += _section("Similar past incidents", _similar(diagnosis))
    parts += _section("What to do", (Text(f"{_plain(step)}") for step in diagnosis.remediation_steps))
    parts += _section("Page", [Text(page_url, style="underline")])
    parts.append(Rule(style="dim"))
    return Group(*parts)


def cause_line(incident: Incident) -> Text:
    """The incident in one line, for news about one that was printed before."""
    causes = incident.diagnosis.root_causes
    cause = f"root cause {_plain(causes[0].service_name)} ({causes[0].score:.2f})" if causes else "no root cause yet"
    return Text(f"{_state(incident)} {_severity(incident)} {_plain(incident.title)}: {cause}")


def _headline(incident: Incident) -> RenderableType:
    severity = _severity(incident)
    title = Text.assemble(
        (f" {severity} ", _SEVERITY_STYLES.get(severity, "bold")), " ", (_plain(incident.title), "bold")
    )
    services = ", ".join(map(_plain, incident.service_names)) or "none named"
    facts = f"{_state(incident)} since {_clock(incident.start_time)}, {_plain(incident.name)}\naffected: {services}"
    return Group(title, _indented(Text(facts, style="dim")))


def _root_cause(cause: RootCause) -> list[RenderableType]:
    where = [f"{name} {_plain(value)}" for name, value in (("in", cause.operation), ("pod", cause.pod_name)) if value]
    first = Text.assemble(
        (_plain(cause.service_name), "bold"),
        f"  score {cause.score:.2f}, confidence {cause.confidence:.0%}",
        f", {', '.join(where)}" if where else "",
    )
    lines = [first, *([Text(_plain(cause.hypothesis))] if cause.hypothesis else [])]
    path = " → ".join(map(_plain, cause.propagation_path))
    return [
        *_section("Root cause", lines),
        *_section("Path", [Text(path)] if path else []),
        Text("\nEvidence", style="bold"),
        _indented(_evidence_table(cause.evidence)),
    ]


def _evidence_table(evidence: Iterable[Evidence]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    total = 0.0
    for each in sorted(evidence, key=lambda item: -abs(item.contribution)):
        total += each.contribution
        seen_in = f" (trace {_plain(each.trace_ids[0])})" if each.trace_ids else ""
        table.add_row(f"{each.contribution:+.2f}", Text(_plain(each.signal)), Text(_plain(each.description) + seen_in))
    table.add_row(f"= {total:.2f}", "", Text("together", style="dim"))
    return table


def _other(cause: RootCause) -> Text:
    return _named(cause.service_name, f"score {cause.score:.2f}, {cause.hypothesis}")


def _similar(diagnosis: Diagnosis) -> Iterable[Text]:
    if not diagnosis.similar_incidents:
        yield Text("none: nothing like it has been seen before")
    for past in diagnosis.similar_incidents:
        cause = _plain(past.root_cause_service_name) or "unknown"
        rest = f"  {_plain(past.title)}, {_clock(past.start_time)}, cause {cause}"
        yield Text.assemble((f"{past.score:.0%}", "bold"), rest)
        yield Text(f"     what ended it: {_plain(past.resolution) or 'nobody wrote it down'}")


def _section(title: str, lines: Iterable[Text]) -> list[RenderableType]:
    body = list(lines)
    return [Text(f"\n{title}", style="bold"), _indented(Group(*body))] if body else []


def _named(name: str, rest: str) -> Text:
    return Text(f"{_plain(name)}: {_plain(rest)}")


def _indented(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 0, 0, 2), expand=False)


def _severity(incident: Incident) -> str:
    return Severity.Name(incident.severity).removeprefix("SEVERITY_")


def _state(incident: Incident) -> str:
    return Incident.State.Name(incident.state).removeprefix("STATE_")


def _clock(time: Timestamp) -> str:
    return time.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(text: str) -> str:
    """Printable characters only, on one line: log text must not move the cursor or colour the screen."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    return line if len(line) <= _MAX_CHARACTERS else line[: _MAX_CHARACTERS - 1] + "…"
