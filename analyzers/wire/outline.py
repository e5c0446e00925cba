"""The outer levels of export requests: resources, scopes, and where each record lies."""

from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import Int32, Int64
from analyzers.wire.side_by_side import varints
from analyzers.wire.wire import Wire


class StrangeWireError(Exception):
    """Legal bytes that nobody writes: the parser has to write them anew first."""


@dataclass(slots=True)
class Outline:
    """Of one or several requests, in the order sent. A run is a stretch of records of one scope, side by side."""

    # Bytes of the resource of each group (ResourceLogs, ResourceSpans).
    resources: list[bytes] = field(default_factory=list)
    # Bytes of the scope of each part (ScopeLogs, ScopeSpans), and the group it is in.
    scopes: list[bytes] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    # The part that each run is in and how many records it has.
    parts: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    # For each run, where the field of each record starts, and where that of the last one ends.
    marks: list[int] = field(default_factory=list)
    # Where each record starts and ends, if that is known without the marks.
    places: tuple[Int64, Int64] | None = None

    def records(self, wire: Wire) -> tuple[Int64, Int64]:
        """Where each record of what was outlined starts and ends."""
        if self.places is not None:
            return self.places
        marks = np.array(self.marks, dtype=np.int64)
        first = np.arange(sum(self.counts)) + np.repeat(np.arange(len(self.counts)), self.counts)
        return varints(wire, marks[first] + 1)[1], marks[first + 1]

    @property
    def part(self) -> Int32:
        """The part of each record."""
        return np.repeat(np.array(self.parts, dtype=np.int32), self.counts)

    @property
    def group(self) -> Int32:
        """The group of each record."""
        groups: Int32 = np.array(self.groups, dtype=np.int32)[self.part]
        return groups
