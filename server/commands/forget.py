"""`hypocenter forget`: erase a service, a trace or a stretch of time from all that is kept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.commands.operating import carry_out, refused, say, target
from server.operations.desk import selection_of
from server.operations.requests import Request, RequestError

app = typer.Typer()
_TIME = "Event time, as 2026-11-21T14:00:00Z; without a zone it is UTC."


@app.command()
def forget(
    service: Annotated[str, typer.Option(help="Name, or environment/namespace/name.")] = "",
    trace: Annotated[str, typer.Option(help="32 hex digits.")] = "",
    since: Annotated[str, typer.Option("--from", help=_TIME)] = "",
    until: Annotated[str, typer.Option("--to", help=_TIME + " Exclusive.")] = "",
    config: Annotated[Path | None, typer.Option(help="YAML file of the service.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory, when it is not that of the file.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a running service.")] = 600.0,
) -> None:
    """Erase from journal, checkpoint, summaries, baselines, incidents and memory; can't be undone."""
    try:
        request = Request("", service, trace.lower(), _nanos(since), _nanos(until))
        selection_of(request)
    except RequestError as error:
        raise refused(error) from error
    say(carry_out(target(config, data_dir), request, timeout))


def _nanos(text: str) -> int:
    if not text:
        return 0
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(f"{text!r} is no time; write for example 2026-11-21T14:00:00Z") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000
