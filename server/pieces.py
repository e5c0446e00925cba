"""A large value as small pieces of MessagePack, so that nobody waits while it is written down or taken up.

Encoding or decoding a piece holds the interpreter; between two of them others get their turn. What is split follows
from the types: a dataclass into its fields, a mapping or sequence into runs of entries of about `_TARGET` bytes.
"""

import dataclasses
import struct
import typing
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from types import GenericAlias
from typing import Any

import msgspec

# Bytes of a piece: half a millisecond to write, two to read.
_TARGET = 128 * 1024
# Containers within containers are split so deep. Only where they are few: many are small, and go by the dozen.
_LEVELS = 2
_FEW = 64
# From one run of entries to the next, in case the first ones were the small ones.
_GROWTH = 8
_LENGTH = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode


class PiecesError(Exception):
    """Pieces that end too early."""


def split(value: object, kind: type) -> Iterator[bytes]:
    """`value`, of type `kind`, in pieces, each with its length before it. Nobody may change it meanwhile."""
    for piece in _split(value, kind, _LEVELS):
        yield _LENGTH.pack(len(piece)) + piece


def join(read: Callable[[int], bytes], kind: type) -> Any:
    """What was split. `read` returns that many bytes, fewer at the end.

    Raises `PiecesError` and `msgspec.DecodeError`.
    """

    def following() -> Iterator[bytes]:
        while True:
            (length,) = _LENGTH.unpack(_exactly(read, _LENGTH.size))
            yield _exactly(read, length)

    return _join(following(), kind, _LEVELS)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    if len(data) < size:
        raise PiecesError("it ends too early")
    return data


def _split(value: Any, hint: Any, levels: int) -> Iterator[bytes]:
    if not levels or not _splits(hint):
        yield _encode(value)
    elif _is_class(hint):
        parts = _parts(hint)
        yield _encode({name: getattr(value, name) for name in _fields(hint) if name not in parts})
        yield _encode(list(parts))
        for name, inner in parts.items():
            yield from _split(getattr(value, name), inner, levels)
    else:
        inner = _inner(hint)
        single = len(value) <= _FEW and levels > 1 and _splits(inner)
        yield _encode((len(value), single))
        if single and isinstance(value, dict):
            for key, item in value.items():
                yield _encode(key)
                yield from _split(item, inner, levels - 1)
        elif single:
            for item in value:
                yield from _split(item, inner, levels - 1)
        else:
            yield from _runs(value)


def _runs(entries: Any) -> Iterator[bytes]:
    mapping = isinstance(entries, dict)
    rest: Iterator[Any] = iter(entries.items() if mapping else entries)
    number = 1
    while run := list(islice(rest, number)):
        piece = _encode(dict(run) if mapping else run)
        yield piece
        number = max(1, min(number * _GROWTH, _TARGET * len(run) // len(piece)))


def _join(pieces: Iterator[bytes], hint: Any, levels: int) -> Any:
    if not levels or not _splits(hint):
        return _decoder(hint).decode(next(pieces))
    if _is_class(hint):
        known = _fields(hint)
        raw = _decoder(dict[str, msgspec.Raw]).decode(next(pieces))
        values = {name: _decoder(known[name]).decode(data) for name, data in raw.items() if name in known}
        for name in _decoder(list[str]).decode(next(pieces)):
            if name not in known:
                raise msgspec.ValidationError(f"{hint.__name__} has no field {name}")
            values[name] = _join(pieces, known[name], levels)
        try:
            return hint(**values)
        except TypeError as error:
            raise msgspec.ValidationError(str(error)) from error
    number, single = _decoder(tuple[int, bool]).decode(next(pieces))
    origin, inner = typing.get_origin(hint), _inner(hint)
    if origin is dict:
        key = typing.get_args(hint)[0]
        if single:
            return {_decoder(key).decode(next(pieces)): _join(pieces, inner, levels - 1) for _ in range(number)}
        found: dict[Any, Any] = {}
        for run in _taken(pieces, _decoder(hint), number):
            found |= run
        return found
    if single:
        return origin(_join(pieces, inner, levels - 1) for _ in range(number))
    return origin(item for run in _taken(pieces, _decoder(GenericAlias(list, inner)), number) for item in run)


def _taken(pieces: Iterator[bytes], decoder: "msgspec.msgpack.Decoder[Any]", number: int) -> Iterable[Any]:
    taken = 0
    while taken < number:
        run = decoder.decode(next(pieces))
        taken += len(run)
        yield run


@cache
def _decoder(hint: Any) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(hint)


@cache
def _fields(hint: Any) -> dict[str, Any]:
    """Name to type of the fields that make a value."""
    hints = typing.get_type_hints(hint)
    return {field.name: hints[field.name] for field in dataclasses.fields(hint) if field.init}


@cache
def _parts(hint: Any) -> dict[str, Any]:
    """Those of the fields that are split."""
    return {name: inner for name, inner in _fields(hint).items() if _splits(inner)}


@cache
def _splits(hint: Any) -> bool:
    """Whether a value of that type may be large."""
    origin = typing.get_origin(hint)
    if origin in (dict, list) or (origin is tuple and typing.get_args(hint)[1:] == (...,)):
        return True
    return _is_class(hint) and any(_is_container(inner) for inner in _reached(hint))


def _is_class(hint: Any) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _reached(hint: type) -> Iterator[Any]:
    """Types of its fields, and of theirs; containers are not entered, so it ends."""
    for inner in _fields(hint).values():
        yield inner
        if _is_class(inner):
            yield from _reached(inner)


def _is_container(hint: Any) -> bool:
    return typing.get_origin(hint) in (dict, list, tuple)


def _inner(hint: Any) -> Any:
    return typing.get_args(hint)[1 if typing.get_origin(hint) is dict else 0]
