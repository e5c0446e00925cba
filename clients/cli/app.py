"""All commands that speak over the wire, by name."""

from __future__ import annotations

import typer

from clients.cli import incidents, logs
from clients.cli.ask import ask
from clients.cli.graph import graph
from clients.cli.incident_export import export
from clients.cli.replay import replay
from clients.cli.status import status

app = typer.Typer(
    no_args_is_help=True,
    help="What broke first, how do we know, and what fixed it last time?",
    # An error of ours is a line of its own; a bug shows Python's plain traceback, without local variables in it.
    pretty_exceptions_enable=False,
)
incidents.app.command()(export)
app.add_typer(incidents.app, name="incidents")
app.add_typer(logs.app, name="logs")
app.command()(logs.templates)
app.command()(graph)
app.command()(ask)
app.command()(status)
app.command()(replay)
