"""Where the commands connect to, and what they say when that fails.

HYPOCENTER_TOKEN, HYPOCENTER_CA_FILE (PEM) and HYPOCENTER_INSECURE (1 allows plaintext to another machine) are read
from the environment only: a token on a command line can be read by every process of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from hypocenter.client import (
    Client,
    DeadlineExceeded,
    HypocenterError,
    RetryPolicy,
    Tls,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)

from clients.cli.terminal import safe

FAILED = 1
WRONG_USAGE = 2
UNREACHABLE = 3
DEFAULT_ADDRESS = "127.0.0.1:4319"

Address = Annotated[
    str, typer.Option("--address", envvar="HYPOCENTER_ADDRESS", metavar="HOST:PORT", help="The API of Hypocenter.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show at most this many.")]


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to connect, from the environment. The token is kept out of any printed form."""

    token: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    insecure: bool = False


def credentials() -> Credentials:
    """Read the environment. Exits with 2 when it names a file that cannot be read, or contradicts itself."""
    ca_file = os.environ.get("HYPOCENTER_CA_FILE")
    insecure = os.environ.get("HYPOCENTER_INSECURE", "") not in ("", "0", "false")
    if ca_file and insecure:
        fail("HYPOCENTER_CA_FILE and HYPOCENTER_INSECURE contradict each other: unset one of them", WRONG_USAGE)
    try:
        tls = Tls(root_certificates=Path(ca_file).read_bytes()) if ca_file else None
    except OSError as error:
        fail(f"HYPOCENTER_CA_FILE: cannot read {ca_file}: {error.strerror}", WRONG_USAGE)
    return Credentials(token=os.environ.get("HYPOCENTER_TOKEN") or None, tls=tls, insecure=insecure)


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client for the length of a command; errors of its calls become one line and an exit code."""
    found = credentials()
    # A person waits: an absent server is said after a second, not after the patience of a program.
    retry = RetryPolicy(max_attempts=3, initial_backoff=0.2)
    with Client(address, tls=found.tls, insecure=found.insecure, token=found.token, retry=retry) as client:
        try:
            yield client
        except HypocenterError as error:
            fail(*explain(error, address))


def explain(error: HypocenterError, address: str) -> tuple[str, int]:
    """One message that says what to do, and the exit code for it."""
    if isinstance(error, Unavailable):
        # An answer of the server itself carries details; a connection that never was does not.
        if error.reason or error.retry_delay is not None:
            return f"the server at {address} cannot answer now: {error.message}; try again soon", UNREACHABLE
        if "handshake" in error.message.lower() or "ssl" in error.message.lower():
            hint = "set HYPOCENTER_CA_FILE to its certificate authority, or HYPOCENTER_INSECURE=1 if it has no TLS"
            return f"no TLS connection to {address}: {hint}", UNREACHABLE
        hint = 'start it with "hypocenter serve", or name another with --address HOST:PORT (HYPOCENTER_ADDRESS)'
        return f"nothing answers at {address}: {hint}", UNREACHABLE
    if isinstance(error, DeadlineExceeded):
        return f"the server at {address} did not answer in time; see its log, or try again", UNREACHABLE
    if isinstance(error, Unauthenticated):
        return f"{error.message}; set HYPOCENTER_TOKEN", FAILED
    if isinstance(error, Unimplemented):
        return f"{address} is not the API of Hypocenter, or is older than this command; see --address", FAILED
    violations = "".join(f"; {violation.field}: {violation.description}" for violation in error.field_violations)
    return f"{error.code.name}: {error.message}{violations}", FAILED


def fail(message: str, code: int) -> NoReturn:
    """Print one line on standard error and exit."""
    typer.echo(f"error: {safe(message)}", err=True)
    raise typer.Exit(code)
