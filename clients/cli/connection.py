"""Where the commands connect to, and what they say when that fails.

HYPOCENTER_TOKEN, HYPOCENTER_CA_FILE (PEM), HYPOCENTER_CERT_FILE with HYPOCENTER_KEY_FILE (PEM, for a server that wants
to see a certificate) and HYPOCENTER_INSECURE (1 allows plaintext to another machine) are read from the environment
only: a token on a command line can be read by every process of the machine.
"""

from __future__ import annotations

import os
import ssl
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
_FILES = ("HYPOCENTER_CA_FILE", "HYPOCENTER_CERT_FILE", "HYPOCENTER_KEY_FILE")

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
    # The same for what is not gRPC; None exactly where `tls` is.
    context: ssl.SSLContext | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The token as a header; none for no token."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def credentials() -> Credentials:
    """Read the environment. Exits with 2 when it names a file that cannot be read, or contradicts itself."""
    token = os.environ.get("HYPOCENTER_TOKEN") or None
    if token is not None and not (token.isascii() and token.isprintable()):
        fail("HYPOCENTER_TOKEN holds what no header can carry: copy it again, whole", WRONG_USAGE)
    files = [os.environ.get(name, "") for name in _FILES]
    ca_file, cert_file, key_file = files
    insecure = os.environ.get("HYPOCENTER_INSECURE", "") not in ("", "0", "false")
    for name, file in zip(_FILES, files, strict=True):
        if file and insecure:
            fail(f"{name} and HYPOCENTER_INSECURE contradict each other: unset one of them", WRONG_USAGE)
    if bool(cert_file) != bool(key_file):
        fail("HYPOCENTER_CERT_FILE and HYPOCENTER_KEY_FILE belong together: set both", WRONG_USAGE)
    if not (ca_file or cert_file):
        return Credentials(token=token, insecure=insecure)
    roots, chain, key = (_contents(name, file) for name, file in zip(_FILES, files, strict=True))
    return Credentials(token=token, tls=Tls(roots, key, chain), context=_context(ca_file, cert_file, key_file))


def _contents(name: str, file: str) -> bytes | None:
    try:
        return Path(file).read_bytes() if file else None
    except OSError as error:
        fail(f"{name}: cannot read {file}: {error.strerror}", WRONG_USAGE)


def _context(ca_file: str, cert_file: str, key_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        if cert_file:
            context.load_cert_chain(cert_file, key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        named = ", ".join(f"{name}={file}" for name, file in zip(_FILES, (ca_file, cert_file, key_file), strict=True))
        fail(f"not PEM certificates and an unencrypted key that belongs to them: {named} ({error})", WRONG_USAGE)
    return context


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
