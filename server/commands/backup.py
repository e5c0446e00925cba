"""`hypocenter backup DIR`: all that is kept, of one moment, while the service goes on."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.operating import carry_out, say, target
from server.operations.requests import Request

app = typer.Typer()


@app.command()
def backup(
    directory: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    config: Annotated[Path | None, typer.Option(help="YAML file of the service.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory, when it is not that of the file.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a running service.")] = 600.0,
) -> None:
    """Copy checkpoint, incidents and the journal after the checkpoint, with checksums; also of a running service."""
    request = Request(target=str(directory.expanduser().resolve()))
    say(carry_out(target(config, data_dir), request, timeout))
