"""Where packed buckets lie: in memory, unless somebody has a better place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class Kept(Protocol):
    """Bytes that are out of the way until they are read or dropped."""

    def read(self) -> bytes:
        """Raises `OSError` when they are lost."""
        ...

    def drop(self) -> None:
        """They are not asked for again."""
        ...


Spool: TypeAlias = Callable[[bytes], Kept]


@dataclass(frozen=True, slots=True)
class InMemory:
    """A `Kept`, and as a class a `Spool`."""

    data: bytes

    def read(self) -> bytes:
        return self.data

    def drop(self) -> None:
        """Goes with the object."""
