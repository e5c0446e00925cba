"""OTLP/JSON to messages.

It is not protobuf's own JSON: trace and span ids are hex and not base64, enums are numbers only, keys are
lowerCamelCase only, and what is not known is ignored. `google.protobuf.json_format` reads hex ids as base64 without a
word, so the walk here goes by the fields of the messages.
"""

import base64
import json
import math
import re
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from server.errors import FieldViolation, InvalidInputError

# Messages within messages, as in the binary format, so that it can be read there; what lies deeper is left empty.
MAX_DEPTH = 100
_IDS = frozenset({"trace_id", "span_id", "parent_span_id"})
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_INTEGERS = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)


class _WrongError(ValueError):
    """A value that can't be what it stands for; the path grows on the way out."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.path: list[str] = []


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    repeated: bool
    # None for a message.
    read: Callable[[object], object] | None


def parse(body: bytes, request: Message) -> None:
    """Fill `request`. Raises `InvalidInputError` that names the field by its JSON path."""
    try:
        values = json.loads(body, parse_constant=_constant, object_hook=_pause)
    except RecursionError as error:
        raise InvalidInputError(FieldViolation("body", "nested too deeply; send flatter values")) from error
    except ValueError as error:
        raise InvalidInputError(FieldViolation("body", f"not JSON: {error}")) from error
    try:
        _fill(request, values, 0)
    except _WrongError as error:
        raise InvalidInputError(FieldViolation(".".join(error.path) or "body", str(error))) from error


def _pause(values: dict[str, object]) -> dict[str, object]:
    """Called for every object, in Python and so with a chance for other threads: the parser itself gives them none, and
    a body of some megabytes would make all senders wait for it."""
    return values


def _fill(message: Message, values: object, depth: int) -> None:
    if not isinstance(values, dict):
        raise _WrongError(f"must be an object, not {_shown(values)}")
    fields = _fields(message.DESCRIPTOR)
    for key, value in values.items():
        field = fields.get(key)
        if field is None or value is None:
            continue
        if depth == MAX_DEPTH and field.read is None:
            # Only a value lies this deep, and one that is cut is no reason to lose the batch.
            continue
        try:
            if field.repeated:
                _extend(message, field, value, depth)
            elif field.read is None:
                part = getattr(message, field.name)
                # An empty value is there all the same.
                part.SetInParent()
                _fill(part, value, depth + 1)
            else:
                _set(message, field.name, field.read(value))
        except _WrongError as error:
            error.path.insert(0, key)
            raise


def _extend(message: Message, field: _Field, values: object, depth: int) -> None:
    if not isinstance(values, list):
        raise _WrongError(f"must be an array, not {_shown(values)}")
    items = getattr(message, field.name)
    for index, value in enumerate(values):
        try:
            if field.read is None:
                _fill(items.add(), {} if value is None else value, depth + 1)
            else:
                _append(items, field.read(value))
        except _WrongError as error:
            error.path.insert(0, str(index))
            raise


def _set(message: Message, name: str, value: object) -> None:
    try:
        setattr(message, name, value)
    except UnicodeEncodeError:
        setattr(message, name, _mended(value))
    except ValueError as error:
        raise _WrongError(f"out of range: {_shown(value)}") from error


def _append(items: MutableSequence[object], value: object) -> None:
    try:
        items.append(value)
    except UnicodeEncodeError:
        items.append(_mended(value))


def _mended(value: object) -> str:
    """Half of a surrogate pair, as a cut through the middle of an emoji leaves it: no reason to lose the batch."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def _fields(descriptor: Descriptor) -> dict[str, _Field]:
    return {field.json_name: _Field(field.name, bool(field.is_repeated), _reader(field)) for field in descriptor.fields}


def _reader(field: FieldDescriptor) -> Callable[[object], object] | None:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _id if field.name in _IDS else _bytes
    if field.cpp_type in _INTEGERS:
        return _integer
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_MESSAGE:
            return None
        case FieldDescriptor.CPPTYPE_STRING:
            return _text
        case FieldDescriptor.CPPTYPE_BOOL:
            return _truth
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum
        case _:
            return _float


def _id(value: object) -> bytes:
    try:
        # bytes.fromhex would let white space pass.
        if isinstance(value, str) and value.isalnum():
            return bytes.fromhex(value)
    except ValueError:
        pass
    if value == "":
        return b""
    raise _WrongError(f"an id is written in hex (not base64), not as {_shown(value)}")


def _bytes(value: object) -> bytes:
    try:
        plain = _text(value).rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError as error:
        raise _WrongError(f"must be base64, not {_shown(value)}") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongError(f"must be a string, not {_shown(value)}")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(f"must be true or false, not {_shown(value)}")
    return value


def _integer(value: object) -> int:
    """A number, or decimal digits in a string, which is how 64 bits get through JavaScript whole."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    raise _WrongError(f"must be a whole number, or one in a string, not {_shown(value)}")


def _enum(value: object) -> int:
    if isinstance(value, str):
        raise _WrongError(f"an enum is written as its number in OTLP/JSON, not as {_shown(value)}")
    return _integer(value)


def _float(value: object) -> float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
        except OverflowError:
            return math.copysign(math.inf, 1 if isinstance(value, int) and value > 0 else -1)
    raise _WrongError(f"must be a number, not {_shown(value)}")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is written as a string in JSON")


def _shown(value: object) -> str:
    text = json.dumps(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}…"
