"""`hypocenter conformance`: hold any OTLP receiver against the specification."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from clients.cli.connection import FAILED, UNREACHABLE, WRONG_USAGE, Json, credentials, fail
from clients.cli.documents import print_values
from clients.cli.terminal import safe, shown, stderr, stdout, table
from clients.conformance.grpc_speaker import GrpcSpeaker
from clients.conformance.http_speaker import HttpSpeaker
from clients.conformance.receiver import RECOMMENDED_LIMIT, Receiver
from clients.conformance.row import Level, Verdict
from clients.conformance.suite import Result, conformant, run

app = typer.Typer()
_SECONDS = 5.0
_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.SKIP: "yellow", Verdict.INFO: "cyan"}


@app.command()
def conformance(
    grpc: Annotated[str, typer.Option(metavar="HOST:PORT", help="OTLP/gRPC of the receiver.")] = "",
    http: Annotated[str, typer.Option(metavar="HOST:PORT", help="OTLP/HTTP of the receiver.")] = "",
    limit: Annotated[
        int, typer.Option(min=4 * 2**20, help="Largest message the receiver is set to take, in bytes.")
    ] = RECOMMENDED_LIMIT,
    json: Json = False,
) -> None:
    """Try any OTLP receiver against the specification, row by row. Exits with 1 when something that MUST hold does not.

    Sends a few hundred records and spans of the service "otlp-conformance", and messages up to the limit.
    HYPOCENTER_TOKEN is sent along, and with HYPOCENTER_CA_FILE the receiver must speak TLS.
    """
    if not grpc and not http:
        fail("name a receiver with --grpc HOST:PORT, --http HOST:PORT or both", WRONG_USAGE)
    for address, option in ((grpc, "--grpc"), (http, "--http")):
        if address:
            _reach(address, option)
    found = credentials()
    grpc_speaker = GrpcSpeaker(grpc, found) if grpc else None
    receiver = Receiver(grpc_speaker, HttpSpeaker(http, found) if http else None, limit)
    try:
        with stderr().status("") as spinner:
            results = run(receiver, lambda row: spinner.update(f"{row.id}: {row.demanded}"))
    finally:
        if grpc_speaker is not None:
            grpc_speaker.close()
    if json:
        print_values(_document(results, grpc, http))
    else:
        _print(results)
    if not conformant(results):
        raise typer.Exit(FAILED)


def _reach(address: str, option: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        fail(f"{option} must be HOST:PORT, not {address}", WRONG_USAGE)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS).close()
    except OSError as error:
        fail(f"nothing answers at {address} ({error}); start the receiver, or correct {option}", UNREACHABLE)


def _print(results: Sequence[Result]) -> None:
    rows = table("!ROW", "!LEVEL", "DEMANDED", "SEEN", "!VERDICT", "SPEC SECTION")
    for item in results:
        verdict = Text(item.seen.verdict, style=_STYLES[item.seen.verdict])
        rows.add_row(item.row.id, item.row.level, item.row.demanded, shown(item.seen.text), verdict, item.row.section)
    console = stdout()
    console.print(rows)
    for level in (Level.MUST, Level.SHOULD, Level.MAY):
        counts = Counter(item.seen.verdict for item in results if item.row.level is level)
        told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        console.print(f"{level}: {told}")


def _document(results: Sequence[Result], grpc: str, http: str) -> dict[str, object]:
    return {
        "grpc": grpc,
        "http": http,
        "conformant": conformant(results),
        "rows": [
            {
                "id": item.row.id,
                "level": item.row.level,
                "section": item.row.section,
                "demanded": item.row.demanded,
                "seen": safe(item.seen.text),
                "verdict": item.seen.verdict,
            }
            for item in results
        ],
    }
