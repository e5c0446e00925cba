"""Writing for a person at a terminal. Everything that came from outside is shown, never obeyed."""

from __future__ import annotations

import sys
import time
import unicodedata
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.v1 import incident_pb2
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Control, format (which reorders or hides text), surrogate, private use, line and paragraph separators.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PIPE_WIDTH = 160
_AGES = ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SEVERITY_STYLES = {
    incident_pb2.SEVERITY_CRITICAL: "bold white on red",
    incident_pb2.SEVERITY_HIGH: "bold red",
    incident_pb2.SEVERITY_MEDIUM: "yellow",
    incident_pb2.SEVERITY_LOW: "cyan",
}


def stdout() -> Console:
    """The answer goes here. Not a terminal: plain, and wide enough that lines stay whole."""
    return _console(stderr=False)


def stderr() -> Console:
    """Progress, warnings and errors go here."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


def safe(text: str, limit: int = 2000) -> str:
    """The text with everything a terminal might act upon written out, cut after `limit` characters."""
    cut = text[:limit]
    if not cut.isascii() or not cut.isprintable():
        cut = "".join(_visible(character) for character in cut)
    return cut if len(text) <= limit else f"{cut}… ({len(text) - limit} more)"


def shown(text: str, style: str = "", limit: int = 2000) -> Text:
    """`safe` text as rich takes it: no markup in it is read."""
    return Text(safe(text, limit), style=style)


def _visible(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character == "\t":
        return " "
    if unicodedata.category(character) in _UNSAFE_CATEGORIES:
        return character.encode("unicode_escape", "backslashreplace").decode("ascii")
    return character


def table(*columns: str) -> Table:
    """A quiet table. Cells are folded, not cut; a column named with ">" is set to the right, with "!" never folded."""
    result = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        right, whole = column.startswith(">"), column.startswith("!")
        result.add_column(column.lstrip(">!"), justify="right" if right else "left", no_wrap=whole, overflow="fold")
    return result


def moment(when: Timestamp, now_unix_nano: int | None = None) -> str:
    """A time in UTC with its age, as "2026-11-20 23:01:05 UTC (14m ago)"; "" for one that is not set."""
    nano = when.ToNanoseconds()
    if not nano:
        return ""
    return f"{clock(nano)} ({age(nano, time.time_ns() if now_unix_nano is None else now_unix_nano)})"


def clock(unix_nano: int) -> str:
    """A time in UTC to the second."""
    return datetime.fromtimestamp(unix_nano // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def age(unix_nano: int, now_unix_nano: int) -> str:
    """How long ago, in the largest unit that fits; a time ahead of the clock is said to be."""
    seconds = abs(now_unix_nano - unix_nano) // 1_000_000_000
    text = next((f"{seconds // size}{unit}" for size, unit in _AGES if seconds >= size), "")
    if not text:
        return "now"
    return f"{text} ago" if unix_nano <= now_unix_nano else f"in {text}"


def severity(value: incident_pb2.Severity) -> Text:
    """The severity as a word in its colour."""
    name = incident_pb2.Severity.Name(value) if value in incident_pb2.Severity.values() else str(value)
    return Text(name.removeprefix("SEVERITY_"), style=_SEVERITY_STYLES.get(value, ""))


def state(value: incident_pb2.Incident.State) -> str:
    """The state as a word."""
    name = incident_pb2.Incident.State.Name(value) if value in incident_pb2.Incident.State.values() else str(value)
    return name.removeprefix("STATE_")
