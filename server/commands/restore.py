"""`hypocenter restore DIR`: what a backup holds, in the place of a data directory."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.operating import refused, target
from server.operations.backup import BackupError
from server.operations.restore import restore as restore_backup

app = typer.Typer()


@app.command()
def restore(
    directory: Annotated[Path, typer.Argument(help="A backup.")],
    config: Annotated[Path | None, typer.Option(help="YAML file of the service.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory, when it is not that of the file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Make the data directory of a service that does not run from a backup. Checksums are verified first."""
    where = target(config, data_dir)
    try:
        made = restore_backup(directory.expanduser().resolve(), where.folder, force=force)
    except (BackupError, OSError) as error:
        raise refused(error) from error
    print(f"{where.folder}: {made.logs} log records and {made.spans} spans received, {made.size} bytes")
