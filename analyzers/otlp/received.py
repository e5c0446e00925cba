"""A request as it came."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int32, Int64


@dataclass(frozen=True, slots=True)
class Received:
    """The uncompressed bytes of one export request, parsed once without error, and when it came."""

    body: bytes
    received_unix_nano: int


def request_of(requests: Sequence[Received], start: Int64) -> Int32:
    """The request that each record at `start` lies in, when all are joined in order."""
    ends = np.cumsum([len(request.body) for request in requests])
    # An empty record starts where its request ends; its length stands before that.
    return np.searchsorted(ends, start - 1, side="right").astype(np.int32)


def times_of(requests: Sequence[Received], request: Int32) -> Int64:
    """When each record was received."""
    times: Int64 = np.array([item.received_unix_nano for item in requests], dtype=np.int64)[request]
    return times
