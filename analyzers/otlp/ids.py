"""Trace and span ids as numbers, so that they can be compared and sorted in columns."""

import numpy as np

from analyzers.columns import Int64, UInt64
from analyzers.wire import Field, Wire

# Bytes, as the specification has them; an id of any other length is none.
TRACE_ID, SPAN_ID = 16, 8


def trace_ids(wire: Wire, field: Field) -> UInt64:
    """Two words for each row; both 0 where there is no id."""
    rows, at = _sound(field, TRACE_ID)
    ids = np.zeros((len(field.at), 2), dtype=np.uint64)
    ids[rows, 0], ids[rows, 1] = wire.words(at), wire.words(at + 8)
    return ids


def span_ids(wire: Wire, field: Field) -> UInt64:
    """One word for each row; 0 where there is no id."""
    rows, at = _sound(field, SPAN_ID)
    ids = np.zeros(len(field.at), dtype=np.uint64)
    ids[rows] = wire.words(at)
    return ids


def _sound(field: Field, size: int) -> tuple[Int64, Int64]:
    rows = np.flatnonzero(field.present & (field.size == size))
    return rows, field.at[rows]
