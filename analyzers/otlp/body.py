"""A log body as one line of text, whatever kind of value it is."""

import json

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

_CUT = "..."


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
    return json.dumps(_plain(value, depth), ensure_ascii=False, separators=(",", ":"))[: limit + 1]


def _plain(value: AnyValue, depth: int) -> object:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "bytes_value":
        return f"<{len(value.bytes_value)} bytes>"
    if kind == "array_value":
        return [_plain(item, depth - 1) for item in value.array_value.values] if depth else _CUT
    if kind == "kvlist_value":
        return {item.key: _plain(item.value, depth - 1) for item in value.kvlist_value.values} if depth else _CUT
    scalar: object = getattr(value, kind)
    return scalar
