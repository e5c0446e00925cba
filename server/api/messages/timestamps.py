"""Nanoseconds and google.protobuf.Timestamp."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from server.errors import FieldViolation

_LATEST = 2**63 - 1
_NANOS = 1_000_000_000


def to_timestamp(unix_nano: int) -> Timestamp | None:
    """None for 0, "it has not come to that": an unset field, not 1970."""
    if not unix_nano:
        return None
    message = Timestamp()
    message.FromNanoseconds(unix_nano)
    return message


def to_duration(nanos: float) -> Duration:
    message = Duration()
    message.FromNanoseconds(round(nanos))
    return message


def to_unix_nano(timestamp: Timestamp) -> int:
    """Check with `violations` first: a timestamp out of range gives a number out of range."""
    return timestamp.seconds * _NANOS + timestamp.nanos


def violations(field: str, timestamp: Timestamp) -> list[FieldViolation]:
    """What is wrong with a timestamp that is set: before 1970, beyond 2262, or with nanos out of range."""
    if not 0 <= timestamp.nanos < _NANOS:
        return [FieldViolation(f"{field}.nanos", f"must be 0 to {_NANOS - 1}")]
    if not 0 <= to_unix_nano(timestamp) <= _LATEST:
        return [FieldViolation(field, "must be from 1970 to 2262")]
    return []
