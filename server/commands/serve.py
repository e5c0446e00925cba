"""`hypocenter serve`: run the service until it is told to stop."""

import json
import logging
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from rca.store.base import StoreError
from server.app import App
from server.checkpoint import CheckpointError
from server.config import ConfigError, load
from server.journal import JournalError
from server.listening import AddressError

app = typer.Typer()
_log = logging.getLogger("hypocenter")


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="YAML file; see deploy/config.yaml.")] = None,
    log_level: Annotated[Literal["debug", "info", "warning", "error"], typer.Option(help="How much to say.")] = "info",
) -> None:
    """Run the service. Prints one line of JSON with its addresses on stdout once it is ready."""
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        service = App(load(config))
    except ConfigError as error:
        raise _refused(error) from error
    try:
        addresses = service.start()
    except (AddressError, CheckpointError, JournalError, StoreError) as error:
        service.stop()
        raise _refused(error) from error
    print(json.dumps({"ready": True, **asdict(addresses)}), flush=True)
    _log.info(
        "ready: OTLP/gRPC %s, OTLP/HTTP %s, API %s, page http://%s",
        addresses.otlp_grpc,
        addresses.otlp_http,
        addresses.api_grpc,
        addresses.web_http,
    )
    stopping.wait()
    _log.info("stopping")
    service.stop()


def _refused(error: Exception) -> typer.Exit:
    print(f"hypocenter: {error}", file=sys.stderr)
    return typer.Exit(2)
