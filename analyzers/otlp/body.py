"""A log body as one line of text, whatever kind of value it is."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

_CUT = '"..."'


def body_text(value: AnyValue, depth: int, limit: int) -> str:
    """Strings as they are, scalars as text, bytes as their length, maps and arrays as compact JSON.

    Values nested deeper than `depth` become "..."; at most `limit` + 1 characters are returned, so that the caller can
    tell that a body was cut.
    """
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value[: limit + 1]
    if kind is None:
        return ""
    if kind == "bytes_value":
        return f"<{len(value.bytes_value)} bytes>"
    parts: list[str] = []
    room = limit + 1
    # Millions of items behind the limit are not looked at.
    for part in _json(value, depth, limit):
        parts.append(part[:room])
        room -= len(parts[-1])
        if not room:
            break
    return "".join(parts)


def _json(value: AnyValue, depth: int, limit: int) -> Iterator[str]:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        items = (_json(item, depth - 1, limit) for item in value.array_value.values)
        yield from _listed("[", items, "]") if depth else (_CUT,)
    elif kind == "kvlist_value":
        # What is said twice holds as it was said last; more pairs than characters never show.
        known = {item.key: item.value for item in islice(value.kvlist_value.values, limit + 1)}
        pairs = (_pair(key[: limit + 1], _json(item, depth - 1, limit)) for key, item in known.items())
        yield from _listed("{", pairs, "}") if depth else (_CUT,)
    elif kind == "string_value":
        yield _text(value.string_value[: limit + 1])
    elif kind == "bytes_value":
        yield _text(f"<{len(value.bytes_value)} bytes>")
    else:
        yield "null" if kind is None else json.dumps(getattr(value, kind))


def _listed(opening: str, items: Iterable[Iterable[str]], closing: str) -> Iterator[str]:
    between = opening
    for item in items:
        yield between
        yield from item
        between = ","
    yield closing if between == "," else opening + closing


def _pair(key: str, value: Iterable[str]) -> Iterator[str]:
    yield f"{_text(key)}:"
    yield from value


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
