"""Lengths of time as people write them: 30s, 5m, 1h30m, 250ms; a bare number is seconds."""

from __future__ import annotations

import re

import typer

_NANO = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h|d)")


def parse_duration(text: str) -> int:
    """Nanoseconds. Raises typer.BadParameter for anything else."""
    compact = text.strip().lower()
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", compact):
        compact += "s"
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise typer.BadParameter(f"{text!r} is not a length of time: write 30s, 5m or 1h30m")
    return round(sum(float(number) * _NANO[unit] for number, unit in parts))
