"""Where in the journal something is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two frames: segment number and byte."""

    segment: int
    offset: int


START = Position(0, 0)
