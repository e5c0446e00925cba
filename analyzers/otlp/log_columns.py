"""The columns of log records as they lie on the wire, found one way or the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Bools, Int32, Int64, UInt64
from analyzers.native import Native, NativeLogColumns, native
from analyzers.otlp.ids import span_ids, trace_ids
from analyzers.otlp.severities import MAX_SEVERITY
from analyzers.otlp.times import wire_times
from analyzers.wire import FIXED64, LENGTH, VARINT, Field, Repeated, Wire, tag_of, varints, walk

# Fields of LogRecord.
_TIME, _OBSERVED = tag_of(1, FIXED64), tag_of(11, FIXED64)
_SEVERITY, _SEVERITY_TEXT = tag_of(2, VARINT), tag_of(3, LENGTH)
_BODY, _ATTRIBUTES = tag_of(5, LENGTH), tag_of(6, LENGTH)
_TRACE_ID, _SPAN_ID, _EVENT = tag_of(9, LENGTH), tag_of(10, LENGTH), tag_of(12, LENGTH)
_SINGLE = (_TIME, _SEVERITY, _SEVERITY_TEXT, _BODY, _TRACE_ID, _SPAN_ID, _OBSERVED, _EVENT)
_STRING_TAG = 0x0A


@dataclass(frozen=True, slots=True)
class LogColumns:
    """`odd` are records that have to be parsed one by one; nothing here is right for those."""

    odd: Bools
    # 0 where there is none, -1 where it is beyond int64.
    time: Int64
    observed: Int64
    # 0 to 24, and the names of severities where there is no number.
    severity: Int32
    severity_names: Repeated
    # Where the text of each body starts, and its bytes.
    text_at: Int64
    text_size: Int64
    # (n, 2) and (n): 0 for none.
    trace_id: UInt64
    span_id: UInt64
    # Names of events that are not empty.
    events: Repeated
    # Those that may be asked for, and others.
    attributes: Repeated


def read_columns(wire: Wire, start: Int64, end: Int64, names: Sequence[int], most_text: int) -> LogColumns:
    """`names` are the first eight bytes, little endian, of the keys of attributes that will be asked for. Bodies that
    are no text, or one of more than `most_text` bytes, are odd."""
    library = native()
    found = _natively(library, wire, start, end, names, most_text) if library else None
    return found or columns_by_walk(wire, start, end, most_text)


def columns_by_walk(wire: Wire, start: Int64, end: Int64, most_text: int) -> LogColumns:
    """The same with nothing but numpy."""
    found = walk(wire, start, end, _SINGLE, (_ATTRIBUTES,))
    at, size, plain = _texts(wire, found.single[_BODY], most_text)
    number = found.single[_SEVERITY]
    severity = np.where(number.present, np.minimum(number.size, MAX_SEVERITY), 0).astype(np.int32)
    return LogColumns(
        odd=found.odd | ~plain,
        time=wire_times(wire, found.single[_TIME]),
        observed=wire_times(wire, found.single[_OBSERVED]),
        severity=severity,
        severity_names=_filled(found.single[_SEVERITY_TEXT], severity == 0),
        text_at=at,
        text_size=size,
        trace_id=trace_ids(wire, found.single[_TRACE_ID]),
        span_id=span_ids(wire, found.single[_SPAN_ID]),
        events=_filled(found.single[_EVENT], np.ones(len(start), dtype=np.bool_)),
        attributes=found.repeated[_ATTRIBUTES],
    )


def _natively(
    library: Native, wire: Wire, start: Int64, end: Int64, names: Sequence[int], most_text: int
) -> LogColumns | None:
    found = library.log_columns(wire.data, start, end, names, most_text)
    if found is None:
        return None
    return LogColumns(
        odd=found.odd,
        time=found.time,
        observed=found.observed,
        severity=found.severity,
        severity_names=_of(NativeLogColumns.SEVERITY, found.rare),
        text_at=found.text_at,
        text_size=found.text_size,
        trace_id=found.trace_id,
        span_id=found.span_id,
        events=_of(NativeLogColumns.EVENT, found.rare),
        attributes=_of(NativeLogColumns.ATTRIBUTE, found.rare),
    )


def _of(kind: int, rare: Int64) -> Repeated:
    here = rare[np.flatnonzero(rare[:, 0] == kind)]
    return Repeated(here[:, 1], here[:, 2], here[:, 3])


def _filled(field: Field, wanted: Bools) -> Repeated:
    """Where it is wanted and not empty."""
    rows = np.flatnonzero(wanted & (field.size > 0))
    return Repeated(rows, field.at[rows], field.size[rows])


def _texts(wire: Wire, body: Field, most_text: int) -> tuple[Int64, Int64, Bools]:
    """Where the text of each body starts and how long it is, and whether it can be taken from there as it is."""
    there = np.flatnonzero(body.size > 0)
    at = np.zeros(len(body.at), dtype=np.int64)
    size, plain = np.zeros_like(at), np.ones(len(at), dtype=np.bool_)
    first = body.at[there]
    length, text, sound = varints(wire, first + 1)
    sound &= wire.octets.take(first) == _STRING_TAG
    # Nothing else in the value, and surely not too long: a character is a byte or more.
    sound &= (text + length == first + body.size[there]) & (length <= most_text)
    at[there], size[there], plain[there] = text, length, sound
    return at, size, plain
