"""Typed reading of one JSON object, with errors that say where and what to do."""

from __future__ import annotations

import re
from dataclasses import replace

from clients.replay.case import JsonValue
from clients.replay.errors import Place, ReplayError

_HEX = re.compile(r"[0-9a-f]*")
_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)


class Fields:
    """The fields of one object. A field that is null counts as absent."""

    def __init__(self, place: Place, values: dict[str, JsonValue]) -> None:
        self._place = place
        self._values = values

    def error(self, field: str, problem: str, remedy: str) -> ReplayError:
        """An error about one field, to be raised by the caller."""
        path = f"{self._place.field}.{field}" if self._place.field else field
        return ReplayError(replace(self._place, field=path), problem, remedy)

    def has(self, field: str) -> bool:
        """Whether the field is there."""
        return self._values.get(field) is not None

    def value(self, field: str) -> JsonValue:
        """Whatever is there; None when absent."""
        return self._values.get(field)

    def require(self, *fields: str) -> None:
        """Raise unless all of them are there."""
        for field in fields:
            if self._values.get(field) is None:
                have = ", ".join(sorted(self._values)) or "nothing"
                raise self.error(field, f"is missing (the line has {have})", "Add it, or delete the line")

    def text(self, field: str) -> str:
        """A string; empty when absent."""
        value = self._values.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(field, f"must be a string, not {_shown(value)}", "Put it in quotes")
        return sound(value)

    def number(self, field: str) -> int:
        """A whole number; 0 when absent. Written as a number, or as its digits in quotes."""
        value = self._values.get(field)
        if value is None:
            return 0
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            remedy = "Write whole nanoseconds, without point or exponent" if "nano" in field else "Write a whole number"
            raise self.error(field, f"must be a whole number, not {_shown(value)}", remedy)
        if not _INT64_MIN <= value <= _INT64_MAX:
            raise self.error(field, f"does not fit into 64 bits: {value}", "Write nanoseconds since 1970")
        return value

    def time(self, field: str) -> int:
        """Nanoseconds since 1970; 0 when absent, zero, or before 1970, as sources write an unknown time."""
        return max(self.number(field), 0)

    def hex_id(self, field: str, digits: int) -> str:
        """An id in lower-case hex of that length; empty when absent."""
        value = self.text(field).lower()
        if value and (len(value) != digits or not _HEX.fullmatch(value)):
            remedy = "Write it in hex, or leave it empty"
            raise self.error(field, f"must be {digits} hex digits, not {_shown(value)}", remedy)
        return value

    def mapping(self, field: str) -> dict[str, JsonValue]:
        """An object; empty when absent."""
        value = self._values.get(field)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.error(field, f"must be an object, not {_shown(value)}", 'Write {"key": value, ...}')
        return value

    def inside(self, field: str) -> Fields:
        """The fields of an object within this one."""
        return Fields(replace(self._place, field=field), self.mapping(field))

    def choice(self, field: str, names: tuple[str, ...], prefix: str) -> int:
        """The position of a name, written bare, with its OTLP prefix, in any case, or as the number itself."""
        value = self._values.get(field)
        if value is None or value == "":
            return 0
        if isinstance(value, str):
            word = value.upper().removeprefix(prefix)
            if word in names:
                return names.index(word)
            if word.isdecimal() and word.isascii() and int(word) < len(names):
                return int(word)
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
            return value
        remedy = f"Write one of {', '.join(names)}, or its number from 0 to {len(names) - 1}"
        raise self.error(field, f"is not known: {_shown(value)}", remedy)


def sound(text: str) -> str:
    """The text with lone surrogates, which JSON can hold and UTF-8 cannot, made question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _shown(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
