"""Which time a record has."""

from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64, TimeFaults
from analyzers.wire import Field, Wire

NANOS = 1_000_000_000
# Before this a "time" is a unit error or a zero value of some language, not a date (2000-01-01).
_EARLIEST = 946_684_800 * NANOS


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Bounds on what one record may bring along."""

    # Characters of a body that are kept; the rest is cut.
    body_chars: int = 16_384
    # How far ahead of the receive time a record's time may be, in nanoseconds.
    future_skew: int = 60 * NANOS
    # Nesting of maps and arrays in a body.
    depth: int = 8


def wire_times(wire: Wire, field: Field) -> Int64:
    """fixed64 values as int64; 0 where there is none, and -1, which counts as absurd, for those beyond int64.

    int64 nanoseconds end in 2262; anything above was a negative number or garbage on the wire.
    """
    times = np.zeros(len(field.at), dtype=np.int64)
    there = field.present
    times[there] = wire.words(field.at[there]).view(np.int64)
    # Read as signed, what is beyond int64 is negative.
    return np.maximum(times, -1)


def settle_times(
    preferred: Int64, observed: Int64, received_unix_nano: Int64, limits: DecodeLimits
) -> tuple[Int64, TimeFaults]:
    """The event time of each record: its own, else observed, else receive; and what had to be mended.

    A time before 2000 counts as absent. A time too far in the future becomes the receive time, so that one wrong
    clock can't drag the watermark of all.
    """
    missing = preferred == 0
    absurd = (preferred != 0) & (preferred < _EARLIEST)
    fallback = np.where(observed >= _EARLIEST, observed, received_unix_nano)
    times = np.where(missing | absurd, fallback, preferred)
    future = times > received_unix_nano + limits.future_skew
    times = np.where(future, received_unix_nano, times)
    return times, TimeFaults(int(missing.sum()), int(absurd.sum()), int(future.sum()))


def settle_durations(
    starts: Int64, wire_ends: Int64, ends: Int64, received_unix_nano: Int64, limits: DecodeLimits
) -> Int64:
    """How long each span took: 0 where its start or its end is no date.

    A clock that is ahead is ahead at both ends; where only the end lies in the future, the settled one is taken.
    """
    latest = received_unix_nano + limits.future_skew
    finished = np.where((wire_ends > latest) & (starts <= latest), ends, wire_ends)
    return np.where(starts >= _EARLIEST, np.clip(finished - starts, 0, None), 0)
