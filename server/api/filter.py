"""The filter language: a small part of AIP-160.

filter    = condition { "AND" condition }
condition = field operator value
operator  = "=" | "!=" | "<" | "<=" | ">" | ">="
value     = word | "'" text "'" | '"' text '"'        (backslash escapes inside quotes)
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from server.errors import FieldViolation, InvalidInputError

Value = str | int

_LONGEST = 4096
_LATEST = 2**63 - 1
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<operator><=|>=|!=|[=<>])|(?P<word>[^\s=!<>"'()]+))""",
    re.DOTALL,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "=": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class FilterField(Generic[_Item]):
    """What can be filtered by.

    `read` gives an item's values: several where it has several, none where it is unset. `parse` turns what was written
    into a value, and raises ValueError with a sentence that says what to write. Only an `ordered` field can be compared
    by more than = and !=.
    """

    name: str
    read: Callable[[_Item], Sequence[Value]]
    parse: Callable[[str], Value] = str
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Condition(Generic[_Item]):
    """True of an item when one of its values compares so; for != when all do."""

    field: FilterField[_Item]
    operator: str
    value: Value

    def holds(self, item: _Item) -> bool:
        compare = _COMPARISONS[self.operator]
        results = (compare(value, self.value) for value in self.field.read(item))
        return all(results) if self.operator == "!=" else any(results)


@dataclass(frozen=True, slots=True)
class Filter(Generic[_Item]):
    """All conditions must hold; the empty filter takes everything."""

    conditions: tuple[Condition[_Item], ...]

    def matches(self, item: _Item) -> bool:
        return all(condition.holds(item) for condition in self.conditions)

    def equal(self, name: str) -> Value | None:
        """What a field has to be equal to; None where nothing says so."""
        for condition in self.conditions:
            if condition.field.name == name and condition.operator == "=":
                return condition.value
        return None

    def bounds(self, name: str) -> tuple[int, int]:
        """From where (inclusive) to where (exclusive) an ordered field's values can lie."""
        low, high = 0, _LATEST
        for condition in self.conditions:
            if condition.field.name == name and isinstance(condition.value, int):
                if condition.operator in ("=", ">=", ">"):
                    low = max(low, condition.value + (condition.operator == ">"))
                if condition.operator in ("=", "<=", "<"):
                    high = min(high, condition.value + (condition.operator != "<"))
        return low, high


def parse_filter(text: str, fields: Sequence[FilterField[_Item]]) -> Filter[_Item]:
    """Raises `InvalidInputError` about the field "filter", naming the known fields where one is unknown."""
    if len(text) > _LONGEST:
        raise _invalid(f"must have at most {_LONGEST} characters")
    tokens = _tokens(text)
    conditions: list[Condition[_Item]] = []
    while tokens:
        if conditions:
            joint = tokens.pop(0)
            if (joint.kind, joint.text) != ("word", "AND"):
                raise _invalid(f"expected AND instead of {joint.text!r}; there is no OR, NOT or grouping")
        conditions.append(_condition(tokens, fields))
    return Filter(tuple(conditions))


def parse_time(text: str) -> int:
    """RFC 3339 to nanoseconds."""
    moment = Timestamp()
    try:
        moment.FromJsonString(text)
        nanos = moment.ToNanoseconds()
    except ValueError:
        nanos = -1
    if not 0 <= nanos <= _LATEST:
        raise ValueError('write a time of 1970 to 2262 as "2026-01-31T08:15:00Z"')
    return nanos


def parse_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("write a whole number") from None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    return list(_scan(text.rstrip()))


def _scan(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise _invalid(f"can't be read from {text[place : place + 20].strip()!r} on")
        token = found[found.lastgroup]
        if found.lastgroup == "text":
            token = re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
        yield _Token(found.lastgroup, token)
        place = found.end()


def _condition(tokens: list[_Token], fields: Sequence[FilterField[_Item]]) -> Condition[_Item]:
    if len(tokens) < 3:
        raise _invalid('ends in the middle of a condition; write conditions as: field = "value"')
    name, comparison, value = tokens[:3]
    del tokens[:3]
    field = next((field for field in fields if name == _Token("word", field.name)), None)
    if field is None:
        known = ", ".join(field.name for field in fields)
        raise _invalid(f"unknown field {name.text!r}; known are {known}")
    if comparison.kind != "operator":
        raise _invalid(f"expected an operator after {field.name} instead of {comparison.text!r}")
    if not field.ordered and comparison.text not in ("=", "!="):
        raise _invalid(f"{field.name} can be compared by = and != only")
    if value.kind == "operator":
        raise _invalid(f"expected a value after {field.name} {comparison.text} instead of {value.text!r}")
    try:
        return Condition(field, comparison.text, field.parse(value.text))
    except ValueError as error:
        raise _invalid(f"{field.name}: {value.text!r} is not a value; {error}") from None


def _invalid(description: str) -> InvalidInputError:
    return InvalidInputError(FieldViolation("filter", description))
