"""The start_time and end_time of a request."""

from typing import Literal, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from server.api.messages.timestamps import to_unix_nano, violations
from server.errors import FieldViolation


class Ranged(Protocol):
    """A message with a time range, its end exclusive."""

    @property
    def start_time(self) -> Timestamp: ...
    @property
    def end_time(self) -> Timestamp: ...
    def HasField(self, field_name: Literal["start_time", "end_time"], /) -> bool: ...


def check_range(message: Ranged, prefix: str = "", *, required: bool = False) -> list[FieldViolation]:
    """What is wrong with the range of a message whose fields are named `prefix` + "start_time" in the request."""
    wrong = []
    for field, moment, is_set in (
        ("start_time", message.start_time, message.HasField("start_time")),
        ("end_time", message.end_time, message.HasField("end_time")),
    ):
        if is_set:
            wrong.extend(violations(prefix + field, moment))
        elif required:
            wrong.append(FieldViolation(prefix + field, "is required"))
    both = message.HasField("start_time") and message.HasField("end_time")
    if both and not wrong and to_unix_nano(message.start_time) >= to_unix_nano(message.end_time):
        wrong.append(FieldViolation(prefix + "end_time", "must be after start_time"))
    return wrong


def read_range(message: Ranged, held: tuple[int, int]) -> tuple[int, int]:
    """Nanoseconds, an unset time being that of what is held; for a range that `check_range` found right.

    The end may not be after the start when one of them is unset: nothing of the range is held then.
    """
    start, end = held
    return (
        to_unix_nano(message.start_time) if message.HasField("start_time") else start,
        to_unix_nano(message.end_time) if message.HasField("end_time") else end,
    )
