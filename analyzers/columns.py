"""What a batch becomes once decoded: columns, one entry a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzers.service import Resource, ServiceKey

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TimeFaults:
    """Records whose own time could not be used as it was."""

    # No time at all: the observed or the receive time was taken.
    missing: int = 0
    # Before 2000 or not a date: treated as missing.
    absurd: int = 0
    # Further ahead of the receive time than the allowed skew: the receive time was taken.
    future: int = 0


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Decoded log records. Every sequence has one entry a record; `resource` and `scope` index the tables."""

    resources: Sequence[Resource]
    scopes: Sequence[str]
    resource: Int32
    scope: Int32
    time_unix_nano: Int64
    severity: Int32
    # How many records each stands for (`log_count` of the Collector's log_dedup); at least 1.
    weight: Int64
    body: Sequence[str]
    trace_id: Sequence[bytes]
    span_id: Sequence[bytes]
    # Row to template text, where the sender mined it already (`log.record.template`).
    template: Mapping[int, str]
    # Row to `exception.type`.
    exception_type: Mapping[int, str]
    faults: TimeFaults
    # Bodies cut to the limit.
    truncated: int
    # Records of Hypocenter's own, left out here; counted as they stand for.
    own: int

    def __len__(self) -> int:
        return len(self.body)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a call, as the caller's attributes name it."""

    service: ServiceKey
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Decoded spans. Every sequence has one entry a span; `resource` indexes the table. A span's time is its end."""

    resources: Sequence[Resource]
    resource: Int32
    name: Sequence[str]
    kind: Int32
    start_unix_nano: Int64
    end_unix_nano: Int64
    error: Sequence[bool]
    trace_id: Sequence[bytes]
    span_id: Sequence[bytes]
    parent_span_id: Sequence[bytes]
    # Row to the peer named in a CLIENT or PRODUCER span's attributes.
    peer: Mapping[int, Peer]
    faults: TimeFaults
    # Spans of Hypocenter's own, left out here.
    own: int

    def __len__(self) -> int:
        return len(self.name)
