"""`hypocenter status`: whether every record that came in can be accounted for."""

from __future__ import annotations

import json as json_codec
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from clients.cli.connection import FAILED, UNREACHABLE, WRONG_USAGE, Json, credentials, fail
from clients.cli.documents import print_values
from clients.cli.terminal import safe, stdout, table

DEFAULT_WEB = "http://127.0.0.1:8080"
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Balance:
    """The account of one signal, since the data directory was made."""

    signal: str
    received: int
    counted: int
    rejected: int
    duplicate: int
    dropped: dict[str, int]
    pending: int

    @property
    def difference(self) -> int:
        """Records that came in and are nowhere; negative when more is somewhere than came in."""
        accounted = self.counted + self.rejected + self.duplicate + sum(self.dropped.values()) + self.pending
        return self.received - accounted


@dataclass(frozen=True, slots=True)
class Status:
    balances: list[Balance]
    # How far what is judged is behind the clock; None when nobody sends a backlog.
    behind_seconds: float | None


def status(
    web: Annotated[str, typer.Option(envvar="HYPOCENTER_WEB", metavar="URL", help="The web port.")] = DEFAULT_WEB,
    json: Json = False,
) -> None:
    """Show received = counted + rejected + duplicate + dropped + pending. Exits with 1 if it does not hold."""
    found = _status(_get(web.rstrip("/") + "/status", web), web)
    balances = found.balances
    holds = all(balance.difference == 0 for balance in balances)
    if json:
        signals = {b.signal: asdict(b) | {"difference": b.difference, "holds": b.difference == 0} for b in balances}
        backlog = {"catching_up": found.behind_seconds is not None, "behind_seconds": found.behind_seconds or 0.0}
        print_values({"holds": holds, "signals": signals} | backlog)
    else:
        rows = table("SIGNAL", ">RECEIVED", "", ">COUNTED", ">REJECTED", ">DUPLICATE", ">DROPPED", ">PENDING", "")
        for b in balances:
            verdict = Text("holds", style="green") if b.difference == 0 else Text(_off(b.difference), style="bold red")
            values = (b.counted, b.rejected, b.duplicate, sum(b.dropped.values()), b.pending)
            first, *others = map(str, values)
            rows.add_row(safe(b.signal), str(b.received), "=", first, *(f"+ {value}" for value in others), verdict)
        console = stdout()
        console.print(rows)
        for b in balances:
            reasons = ", ".join(f"{safe(reason)} {count}" for reason, count in sorted(b.dropped.items()) if count)
            if reasons:
                console.print(Text(f"{safe(b.signal)} dropped: {reasons}", style="yellow"))
        if found.behind_seconds is not None:
            text = f"catching up with a backlog: what is judged is {found.behind_seconds:.0f} s behind"
            console.print(Text(text, style="yellow"))
    if not holds:
        raise typer.Exit(FAILED)


def _off(difference: int) -> str:
    return f"does not hold: {abs(difference)} {'missing' if difference > 0 else 'too many'}"


def _get(url: str, web: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        fail(f"--web must be a URL like {DEFAULT_WEB}, not {web}", WRONG_USAGE)
    # A proxy from the environment cannot reach this machine's loopback.
    local = parts.hostname in ("localhost", "::1") or (parts.hostname or "").startswith("127.")
    found = credentials()
    if found.token and parts.scheme == "http" and not local and not found.insecure:
        fail(f"HYPOCENTER_TOKEN would travel to {web} in the clear: use https, or HYPOCENTER_INSECURE=1", WRONG_USAGE)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=found.context), *([urllib.request.ProxyHandler({})] if local else [])
    )
    request = urllib.request.Request(url)
    for name, value in found.headers.items():
        # Not to wherever an answer may lead.
        request.add_unredirected_header(name, value)
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            body: bytes = response.read()
            return body
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (401, 403):
                fail(f"{url} wants a token that may read: set HYPOCENTER_TOKEN to one", FAILED)
            fail(f"{url} answered {error.code} {error.reason}: is that Hypocenter's web port? See --web", FAILED)
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        hint = 'start it with "hypocenter serve", or name another with --web URL (HYPOCENTER_WEB)'
        fail(f"nothing answers at {web} ({reason}): {hint}", UNREACHABLE)


def _status(body: bytes, web: str) -> Status:
    try:
        document = json_codec.loads(body)
        signals = document.get("signals", document)
        balances = [
            Balance(
                signal=signal,
                received=int(values["received"]),
                counted=int(values["counted"]),
                rejected=int(values["rejected"]),
                duplicate=int(values["duplicate"]),
                dropped={str(reason): int(count) for reason, count in values["dropped"].items()},
                pending=int(values["pending"]),
            )
            for signal, values in signals.items()
            # Other facts may stand beside the signals.
            if isinstance(values, dict) and "received" in values
        ]
        if not balances:
            raise ValueError("no signal in it")
        # Of an older server nothing is known.
        behind = float(document.get("behind_seconds", 0)) if document.get("catching_up") is True else None
        return Status(balances, behind)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        fail(f"{web}/status is not the status of Hypocenter ({error!r}); see --web", FAILED)
