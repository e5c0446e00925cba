"""The order_by language: fields separated by commas, each with an optional " desc"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from server.errors import FieldViolation, InvalidInputError

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class OrderField(Generic[_Item]):
    """What can be ordered by."""

    name: str
    read: Callable[[_Item], int]


@dataclass(frozen=True, slots=True)
class Order(Generic[_Item]):
    """Fields with their sign, the most important first; -1 is descending."""

    keys: tuple[tuple[OrderField[_Item], int], ...]

    def key(self, item: _Item) -> tuple[int, ...]:
        """Ascending keys are the order asked for."""
        return tuple(sign * field.read(item) for field, sign in self.keys)


def parse_order(text: str, fields: Sequence[OrderField[_Item]]) -> Order[_Item]:
    """Raises `InvalidInputError` about the field "order_by", naming the known fields where one is unknown."""
    keys = []
    for part in text.split(","):
        match part.split():
            case [name]:
                sign = 1
            case [name, "desc"]:
                sign = -1
            case _:
                raise _invalid(f"can't read {part.strip()!r}", fields)
        field = next((field for field in fields if field.name == name), None)
        if field is None:
            raise _invalid(f"unknown field {name!r}", fields)
        keys.append((field, sign))
    return Order(tuple(keys))


def _invalid(problem: str, fields: Sequence[OrderField[_Item]]) -> InvalidInputError:
    known = ", ".join(field.name for field in fields)
    return InvalidInputError(
        FieldViolation("order_by", f'{problem}; write one of {known}, each with an optional " desc"')
    )
