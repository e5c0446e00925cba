"""`hypocenter incidents`: what is broken, what broke it, and whose it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer
from hypocenter.client import Client, OutOfRange
from hypocenter.v1 import incident_pb2, incident_service_pb2
from rich.text import Text

from clients.cli.connection import DEFAULT_ADDRESS, Address, Json, Limit, connect
from clients.cli.documents import print_document, print_line
from clients.cli.incident_view import incidents_table, show_incident
from clients.cli.terminal import clock, safe, severity, shown, stderr, stdout, table

app = typer.Typer(no_args_is_help=True, help="What is broken, what broke it, and what fixed it last time.")

Name = Annotated[str, typer.Argument(metavar="NAME", help='As listed; "incidents/" may be left out.')]
Etag = Annotated[str, typer.Option(help="Only if the incident is still as it was with this etag.")]
Filter = Annotated[
    str, typer.Option("--filter", metavar="EXPRESSION", help="For example: state = OPEN AND severity >= HIGH.")
]
_MAX_PAGE = 1000
_EVENT = incident_service_pb2.WatchIncidentsResponse


@app.command("list")
def list_(
    filter: Filter = "",
    order_by: Annotated[
        str, typer.Option(help='start_time, update_time or severity, each with an optional " desc".')
    ] = "",
    limit: Limit = 50,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """List incidents, newest first."""
    with connect(address) as client:
        found = client.list_incidents(
            filter=filter,
            order_by=order_by,
            view=incident_pb2.INCIDENT_VIEW_FULL,
            page_size=min(limit, _MAX_PAGE),
        )
        incidents = list(islice(found, limit))
    if json:
        print_document(incident_service_pb2.ListIncidentsResponse(incidents=incidents))
    elif incidents:
        stdout().print(incidents_table(incidents))
    else:
        stdout().print("No incidents." if not filter else "No incidents match.")


@app.command()
def show(name: Name, address: Address = DEFAULT_ADDRESS, json: Json = False) -> None:
    """Show one incident: cause, evidence, path, what was ruled out, and what fixed it before."""
    with connect(address) as client:
        incident = client.get_incident(_full(name), view=incident_pb2.INCIDENT_VIEW_FULL)
    _print(incident, json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="What to look for.")],
    filter: Filter = "",
    limit: Limit = 10,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Find incidents by words in titles, services, causes, templates and resolutions, best match first."""
    with connect(address) as client:
        found = client.search_incidents(" ".join(words), filter=filter, page_size=min(limit, 100))
        matches = list(islice(found, limit))
    if json:
        print_document(incident_service_pb2.SearchIncidentsResponse(matches=matches))
        return
    if not matches:
        stdout().print("Nothing found.")
        return
    rows = table(">MATCH", "SEVERITY", "TITLE", "FIXED BY", "NAME")
    for match in matches:
        incident = match.incident
        rows.add_row(
            f"{match.score:.2f}",
            severity(incident.severity),
            shown(incident.title, "bold", limit=200),
            shown(incident.resolution, "green", limit=200),
            shown(incident.name, "dim"),
        )
    stdout().print(rows)


@app.command()
def ack(name: Name, etag: Etag = "", address: Address = DEFAULT_ADDRESS, json: Json = False) -> None:
    """Say that you are on it."""
    with connect(address) as client:
        incident = client.acknowledge_incident(_full(name), etag=etag)
    if json:
        print_document(incident_service_pb2.AcknowledgeIncidentResponse(incident=incident))
    else:
        stdout().print(Text(f"Acknowledged: {safe(incident.title)} ({safe(incident.name)})"))


@app.command()
def resolve(
    name: Name,
    resolution: Annotated[
        str, typer.Option("--resolution", "-m", help="What ended it. Shown to whoever meets it next.")
    ] = "",
    etag: Etag = "",
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Close an incident, and write down what ended it."""
    with connect(address) as client:
        incident = client.resolve_incident(_full(name), resolution, etag=etag)
    if json:
        print_document(incident_service_pb2.ResolveIncidentResponse(incident=incident))
        return
    stdout().print(Text(f"Resolved: {safe(incident.title)} ({safe(incident.name)})"))
    if not incident.resolution:
        stderr().print("No resolution was written down. Next time it will be missed: resolve with -m TEXT.")


@app.command()
def watch(
    filter: Filter = "",
    limit: Annotated[int, typer.Option(min=0, help="Stop after this many messages; 0 goes on until Ctrl-C.")] = 0,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Show incidents as they open and change, until Ctrl-C. With --json one message on each line."""
    console = stdout()
    with connect(address) as client:
        try:
            for event in islice(_events(client, filter), limit or None):
                if json:
                    print_line(event)
                elif event.event_type == _EVENT.EVENT_TYPE_SYNCED:
                    console.print(Text("watching for changes; Ctrl-C ends it", style="dim"))
                else:
                    console.print(_event_line(event), soft_wrap=True)
        except KeyboardInterrupt:
            raise typer.Exit() from None


def _events(client: Client, filter: str) -> Iterator[incident_service_pb2.WatchIncidentsResponse]:
    while True:
        try:
            yield from client.watch_incidents(filter=filter, view=incident_pb2.INCIDENT_VIEW_FULL)
        except OutOfRange:
            # Away for longer than the server remembers: what is current comes again.
            stderr().print("was away too long; starting over with all current incidents")


def _event_line(event: incident_service_pb2.WatchIncidentsResponse) -> Text:
    known = event.event_type in _EVENT.EventType.values()
    kind = _EVENT.EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower() if known else "changed"
    causes = event.incident.diagnosis.root_causes
    return Text.assemble(
        (clock(time.time_ns()), "dim"),
        f"  {kind}  ",
        severity(event.incident.severity),
        "  ",
        (safe(event.incident.title, 200), "bold"),
        f"  cause {safe(causes[0].service_name)}" if causes else "",
        (f"  {safe(event.incident.name)}", "dim"),
    )


def _print(incident: incident_pb2.Incident, json: bool) -> None:
    if json:
        print_document(incident_service_pb2.GetIncidentResponse(incident=incident))
    else:
        show_incident(stdout(), incident)


def _full(name: str) -> str:
    return name if name.startswith("incidents/") else f"incidents/{name}"
