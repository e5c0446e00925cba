"""The fields of many messages of one kind."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzers.columns import Int64

# Wire types.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Field:
    """One field over all messages. The last occurrence counts, as the wire format has it."""

    # Where its value starts; -1 where the message doesn't have it.
    at: Int64
    # Bytes of a length-delimited value; the value itself of a varint; undefined for fixed64.
    size: Int64

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        return self.at >= 0


@dataclass(frozen=True, slots=True)
class Repeated:
    """All occurrences of a field, with the message each is in; those of one message in the order sent."""

    row: Int64
    at: Int64
    size: Int64

    def of(self, messages: npt.NDArray[np.bool_]) -> "Repeated":
        """Those in some messages only."""
        here = np.flatnonzero(messages[self.row])
        return Repeated(self.row[here], self.at[here], self.size[here])


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found. `odd` are messages that have to be parsed one by one; nothing here is right for those."""

    # By tag.
    single: Mapping[int, Field]
    repeated: Mapping[int, Repeated]
    odd: npt.NDArray[np.bool_]


def tag_of(number: int, kind: int) -> int:
    """The byte that a field of a number below 16 begins with."""
    return number << 3 | kind
