"""Values as people read them."""

import unicodedata
from datetime import UTC, datetime

from markupsafe import Markup

_NANO = 1_000_000_000
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
# Line breaks and tabs are kept in log bodies.
_KEPT_CONTROLS = frozenset("\n\t")


def harmless(value: object) -> object:
    """Text with what is invisible, or turns the text around it, made visible; anything else as it is.

    Autoescaping keeps markup out; this keeps out terminal escapes, bidirectional overrides and half surrogates, which
    would make a log line show something other than what it is.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or (value.isascii() and value.isprintable()):
        return value
    return "".join(_visible(letter) for letter in value)


def _visible(letter: str) -> str:
    if letter in _KEPT_CONTROLS or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return letter
    return chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else "\ufffd"


def cut(text: str, width: int) -> str:
    """At most `width` columns; Chinese characters are two columns wide. The end is cut off and marked."""
    used = end = 0
    for index, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > width:
            return text[:end].rstrip() + "…"
        if used < width:
            end = index + 1
    return text


def number(value: float) -> str:
    """1234567 -> 1.2M; below ten thousand with separators."""
    if value < 10_000:
        return f"{value:,.0f}"
    if value < 999_500:
        return f"{value / 1000:.3g}k" if value < 99_950 else f"{value / 1000:.0f}k"
    return f"{value / 1e6:.3g}M" if value < 999_500_000 else f"{value / 1e9:.3g}G"


def latency(nanoseconds: float) -> str:
    if nanoseconds < 999.5e3:
        return f"{nanoseconds / 1e3:.3g} µs"
    if nanoseconds < 999.5e6:
        return f"{nanoseconds / 1e6:.3g} ms"
    return f"{nanoseconds / 1e9:.3g} s"


def measure(value: float, unit: str) -> str:
    """What a detector observed, in its unit."""
    if unit == "ms":
        return latency(value * 1e6)
    text = number(value) if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}" if unit else text


def duration(nanoseconds: int) -> str:
    """The two largest units, as in "2 h 5 min"."""
    seconds = max(0, nanoseconds) // _NANO
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    for index, (size, name) in enumerate(units):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            if name != "s" and (part := rest // units[index + 1][0]):
                return f"{whole} {name} {part} {units[index + 1][1]}"
            return f"{whole} {name}"
    return "0 s"


def _moment(unix_nano: int) -> datetime | None:
    """None for a time no calendar holds."""
    try:
        return datetime.fromtimestamp(unix_nano // _NANO, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def clock(unix_nano: int) -> str:
    """2026-11-20 10:15:30, in UTC."""
    moment = _moment(unix_nano)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else f"{unix_nano} ns"


def iso(unix_nano: int) -> str:
    """For the `datetime` attribute."""
    moment = _moment(unix_nano)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def severity_text(severity_number: int) -> str:
    """Of a log record, by the ranges of OpenTelemetry; empty when it has none."""
    if not 1 <= severity_number <= 24:
        return ""
    return _SEVERITIES[(severity_number - 1) // 4]
