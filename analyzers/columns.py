"""What a batch becomes once decoded: columns, one entry a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzers.service import Resource, ServiceKey

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
# Some of the rows of a batch: a stretch, or one flag for each.
Rows: TypeAlias = slice | Bools


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
    """Decoded log records, n of them, of one or several requests; `resource` and `scope` index the tables."""

    resources: Sequence[Resource]
    scopes: Sequence[str]
    # Which of the requests that were decoded together it came in; ascends.
    request: Int32
    resource: Int32
    scope: Int32
    time_unix_nano: Int64
    # 0 to 24.
    severity: Int32
    # How many records each stands for (`log_count` of the Collector's log_dedup); at least 1.
    weight: Int64
    body: "pa.StringArray"
    # (n, 2) and (n): the bytes of the ids as little-endian words; 0 for none.
    trace_id: UInt64
    span_id: UInt64
    # Row to template text, where the sender mined it already (`log.record.template`).
    template: Mapping[int, str]
    # Row to `exception.type`.
    exception_type: Mapping[int, str]
    faults: TimeFaults
    # Bodies cut to the limit.
    truncated: int
    # Records of Hypocenter's own, left out here; counted as they stand for.
    own: int
    # Row to the name of the event it is, where it tells of a change.
    event: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.request)

    def chosen(self, rows: Rows) -> "LogBatch":
        """The same with some of the rows."""
        places = np.arange(len(self))[rows].tolist()
        return replace(
            self,
            request=self.request[rows],
            resource=self.resource[rows],
            scope=self.scope[rows],
            time_unix_nano=self.time_unix_nano[rows],
            severity=self.severity[rows],
            weight=self.weight[rows],
            body=self.body.filter(pa.array(rows)) if isinstance(rows, np.ndarray) else self.body[rows],
            trace_id=self.trace_id[rows],
            span_id=self.span_id[rows],
            template=_moved(self.template, places),
            exception_type=_moved(self.exception_type, places),
            event=_moved(self.event, places),
        )


def id_bytes(*words: int) -> bytes:
    """The bytes of an id of one or two words; empty for none."""
    whole = 0
    for place, word in enumerate(words):
        whole |= word << 64 * place
    return whole.to_bytes(8 * len(words), "little") if whole else b""


def _moved(values: Mapping[int, str], places: Sequence[int]) -> Mapping[int, str]:
    if not values:
        return values
    return {new: values[old] for new, old in enumerate(places) if old in values}


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a call, as the caller's attributes name it."""

    service: ServiceKey
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Decoded spans, n of them, of one or several requests; `resource`, `name` and `peer` index the tables. A span's
    time is its end."""

    resources: Sequence[Resource]
    names: Sequence[str]
    # Peers named in the attributes of CLIENT, PRODUCER and CONSUMER spans.
    peers: Sequence[Peer]
    # Which of the requests that were decoded together it came in; ascends.
    request: Int32
    resource: Int32
    name: Int32
    # -1 for none.
    peer: Int32
    kind: Int32
    start_unix_nano: Int64
    end_unix_nano: Int64
    error: Bools
    # (n, 2), (n) and (n): the bytes of the ids as little-endian words; 0 for none.
    trace_id: UInt64
    span_id: UInt64
    parent_span_id: UInt64
    faults: TimeFaults
    # Spans of Hypocenter's own, left out here.
    own: int

    def __len__(self) -> int:
        return len(self.request)

    def chosen(self, rows: Rows) -> "SpanBatch":
        """The same with some of the rows."""
        return replace(
            self,
            request=self.request[rows],
            resource=self.resource[rows],
            name=self.name[rows],
            peer=self.peer[rows],
            kind=self.kind[rows],
            start_unix_nano=self.start_unix_nano[rows],
            end_unix_nano=self.end_unix_nano[rows],
            error=self.error[rows],
            trace_id=self.trace_id[rows],
            span_id=self.span_id[rows],
            parent_span_id=self.parent_span_id[rows],
        )
