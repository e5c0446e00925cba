"""Spans that have ended a while ago: some records are written after the end of their span, or stamped when they were
read from a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzers.columns import UInt64
from analyzers.service import ServiceKey
from analyzers.spans.ended import Ended
from analyzers.spans.index import Index


@dataclass(slots=True)
class Passed:
    """Of one bucket. Packed: `span` uint64, ascending, `operation` int32, the place of each in `operations`."""

    bucket: int
    span: bytes
    operation: bytes
    operations: list[tuple[ServiceKey, str]] = field(default_factory=list)

    @classmethod
    def of(cls, ended: Ended, bucket: int) -> "Passed":
        order = np.argsort(ended.span_id)
        operation = ended.operation.take(order).astype(np.int32)
        return cls(bucket, ended.span_id.take(order).tobytes(), operation.tobytes(), list(ended.operations))

    def __len__(self) -> int:
        return len(self.operation) // 4

    @property
    def lookup(self) -> "Lookup":
        spans: UInt64 = np.frombuffer(self.span, dtype=np.uint64)
        operation = np.frombuffer(self.operation, dtype=np.int32).astype(np.int64)
        return Lookup(self.bucket, Index(spans, operation), self.operations)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The same, to find spans in: `index` gives places in `operations`."""

    bucket: int
    index: Index
    operations: Sequence[tuple[ServiceKey, str]]
