"""`hypocenter serve`: run the service until it is told to stop."""

import gc
import json
import logging
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from analyzers.native import native_state
from rca.store.base import StoreError
from server.app import App
from server.checkpoint import CheckpointError
from server.config import ConfigError, load
from server.journal import JournalError
from server.listening import AddressError
from server.stop_signal import StopSignal

app = typer.Typer()
# Objects made before the collector of garbage looks at the youngest; then how often it looks at the older ones. What a
# batch is made of goes with its last reference, and what stays is in no cycles: looking finds next to nothing.
_GC_THRESHOLDS = (50_000, 20, 50)
# Seconds that a thread may hold the interpreter while others want it. An answer takes a few turns, each behind the
# pipeline's, so Python's 5 ms would be most of what a sender waits for.
_SWITCH_INTERVAL = 0.0005
# Seconds from the signal to the end.
_LONGEST_STOP = 9.0
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
    stopping = StopSignal()
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        settings = load(config)
        service = App(settings)
    except ConfigError as error:
        raise _refused(error) from error
    try:
        addresses = service.start()
    except (AddressError, CheckpointError, ConfigError, JournalError, StoreError) as error:
        service.stop()
        raise _refused(error) from error
    # Modules, classes and what was restored stay as long as the process: no collection needs to walk over them.
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": True, **asdict(addresses)}), flush=True)
    _log.info(
        "ready: OTLP/gRPC %s, OTLP/HTTP %s, API %s, page %s://%s",
        addresses.otlp_grpc,
        addresses.otlp_http,
        addresses.api_grpc,
        "https" if settings.web.tls_cert else "http",
        addresses.web_http,
    )
    _log.info("native ingest path: %s", native_state())
    stopping.wait()
    _log.info("stopping")
    _end_in_time()
    service.stop()


def _end_in_time() -> None:
    """Whatever hangs: all that was acknowledged is in the journal, and a supervisor would kill us soon."""

    def end() -> None:
        _log.error("stopping takes too long; the next start takes up what is left")
        os._exit(1)

    timer = threading.Timer(_LONGEST_STOP, end)
    timer.daemon = True
    timer.start()


def _refused(error: Exception) -> typer.Exit:
    print(f"hypocenter: {error}", file=sys.stderr)
    return typer.Exit(2)
