"""What backup, restore and forget have in common: which data directory, and whether a service runs on it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from rca.store.base import StoreError
from server.app import App
from server.checkpoint import CheckpointError
from server.config import Config, ConfigError, load
from server.configured import data_dir
from server.journal import JournalError
from server.operations.occupancy import occupied, owner_of
from server.operations.requests import Answer, Request, RequestError, RequestFolder


@dataclass(frozen=True, slots=True)
class Target:
    config: Config
    folder: Path


def target(config: Path | None, folder: Path | None) -> Target:
    """The data directory of the configuration unless one is named. Ends the program where neither can be read."""
    try:
        settings = load(config)
    except ConfigError as error:
        raise refused(error) from error
    if folder is not None:
        settings = settings.model_copy(update={"data_dir": str(folder)})
    return Target(settings, data_dir(settings))


def carry_out(where: Target, request: Request, seconds: float) -> Answer:
    """By the service that runs there, or here where none does. Ends the program when it can't be."""
    try:
        if not where.folder.is_dir():
            raise RequestError(f"{where.folder}: there is no such data directory; name it with --data-dir or --config")
        _check_owner(where.folder)
        if occupied(where.folder):
            return RequestFolder(where.folder).ask(request, seconds)
        app = App(where.config)
        try:
            return app.open().do(request)
        finally:
            app.stop()
    except (CheckpointError, ConfigError, JournalError, RequestError, StoreError, OSError) as error:
        raise refused(error) from error


def _check_owner(folder: Path) -> None:
    """Files of another user's making would be in the way of the service. Raises `RequestError`."""
    try:
        owner = owner_of(folder)
        if owner in (None, os.geteuid()):
            return
        name = f"the user {owner}"
    except PermissionError:
        name = "another user"
    raise RequestError(f"{folder}: belongs to {name}; run this as the user of the service, whatever else you may do")


def say(answer: Answer) -> None:
    """Ends the program with 1 when it was not done."""
    for line in answer.lines:
        print(line)
    if answer.error:
        print(f"hypocenter: {answer.error}", file=sys.stderr)
        raise typer.Exit(1)


def refused(error: Exception) -> typer.Exit:
    print(f"hypocenter: {error}", file=sys.stderr)
    return typer.Exit(2)
