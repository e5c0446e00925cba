"""What can go wrong in a replay.

Exception
├── ReplayError      the recording is not what it should be: where, what, and what to do about it
└── SendError        the endpoint cannot be reached, or refuses everything
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a recording: line 0 is the file as a whole, an empty field the whole line."""

    path: Path
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        text = str(self.path)
        if self.line:
            text += f", line {self.line}"
        if self.field:
            text += f", field {self.field!r}"
        return text


class ReplayError(Exception):
    """A recording cannot be read. The message names file, line and field, and ends with a remedy."""

    def __init__(self, place: Place, problem: str, remedy: str) -> None:
        self.place = place
        self.problem = problem
        self.remedy = remedy
        super().__init__(place, problem, remedy)

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.remedy}."


class SendError(Exception):
    """Sending had to stop. `unreachable` tells a missing server from one that refuses."""

    def __init__(self, message: str, *, unreachable: bool) -> None:
        self.message = message
        self.unreachable = unreachable
        super().__init__(message)
