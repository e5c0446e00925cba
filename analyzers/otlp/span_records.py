"""The columns of spans, read from the wire; the few that can't be read in columns are rewritten first."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from analyzers.columns import Bools, Int32, Int64, UInt64
from analyzers.otlp.ids import span_ids, trace_ids
from analyzers.otlp.resources import NAME_LIMIT
from analyzers.otlp.routes import routes
from analyzers.otlp.times import wire_times
from analyzers.wire import FIXED64, LENGTH, VARINT, Repeated, Wire, tag_of, walk

# Fields of Span.
_TRACE_ID, _SPAN_ID, _PARENT = tag_of(1, LENGTH), tag_of(2, LENGTH), tag_of(4, LENGTH)
_NAME, _KIND = tag_of(5, LENGTH), tag_of(6, VARINT)
_START, _END = tag_of(7, FIXED64), tag_of(8, FIXED64)
_ATTRIBUTES, _STATUS = tag_of(9, LENGTH), tag_of(15, LENGTH)
_SINGLE = (_TRACE_ID, _SPAN_ID, _PARENT, _NAME, _KIND, _START, _END)
# And of Status.
_CODE = tag_of(3, VARINT)
_MAX_KIND = max(Span.SpanKind.values())


class SpanRecords:
    """Spans of `wire` between `start` and `end`. `kept` are the keys of the attributes that will be asked for."""

    def __init__(self, wire: Wire, start: Int64, end: Int64, kept: frozenset[str]) -> None:
        self._wire = wire
        self._read(start, end)
        rewritten = np.flatnonzero(self._odd)
        if len(rewritten):
            self._wire, start, end = wire.rewritten(start, end, rewritten, partial(_rewrite, kept=kept))
            self._read(start, end)

    def __len__(self) -> int:
        return len(self._odd)

    @property
    def wire(self) -> Wire:
        """Where the attributes are to be read."""
        return self._wire

    @property
    def attributes(self) -> Repeated:
        return self._walk.repeated[_ATTRIBUTES]

    def starts(self) -> Int64:
        """0 where there is none, -1 where it is beyond int64."""
        return wire_times(self._wire, self._walk.single[_START])

    def ends(self) -> Int64:
        return wire_times(self._wire, self._walk.single[_END])

    def kinds(self) -> Int32:
        """Those that this version knows; others are none."""
        kind = self._walk.single[_KIND]
        return np.where(kind.present & (kind.size <= _MAX_KIND), kind.size, 0).astype(np.int32)

    def errors(self) -> Bools:
        return self._errors

    def names(self) -> tuple[Sequence[str], Int32]:
        """A table of routes, cut to the limit, and the place of each span's name in it."""
        name = self._walk.single[_NAME]
        at = np.where(name.present, name.at, 0)
        encoded = self._wire.texts(at, np.where(name.present, name.size, 0)).dictionary_encode()
        short = routes(encoded.dictionary).dictionary_encode()
        codes: Int32 = short.indices.to_numpy().take(encoded.indices.to_numpy())
        return [text[:NAME_LIMIT] for text in short.dictionary.to_pylist()], codes

    def trace_ids(self) -> UInt64:
        return trace_ids(self._wire, self._walk.single[_TRACE_ID])

    def span_ids(self) -> UInt64:
        return span_ids(self._wire, self._walk.single[_SPAN_ID])

    def parents(self) -> UInt64:
        return span_ids(self._wire, self._walk.single[_PARENT])

    def _read(self, start: Int64, end: Int64) -> None:
        self._walk = walk(self._wire, start, end, _SINGLE, (_ATTRIBUTES, _STATUS))
        self._odd = self._walk.odd.copy()
        self._errors = np.zeros(len(start), dtype=np.bool_)
        # Said twice, the two are merged: the last code counts, whichever of them it is in.
        status = self._walk.repeated[_STATUS]
        filled = np.flatnonzero(status.size)
        if len(filled):
            row, at = status.row[filled], status.at[filled]
            # Those of odd spans may reach anywhere.
            inner = walk(self._wire, at, np.minimum(at + status.size[filled], end[row]), (_CODE,))
            code = inner.single[_CODE]
            said = code.present
            self._errors[row[said]] = code.size[said] == Status.STATUS_CODE_ERROR
            self._odd[row[inner.odd]] = True


def _rewrite(serialized: bytes, kept: frozenset[str]) -> bytes:
    """The same span as far as it is read. Of attributes of the same name the last counts."""
    span = Span.FromString(serialized)
    failed = span.status.code == Status.STATUS_CODE_ERROR
    return Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        name=span.name[:NAME_LIMIT],
        kind=span.kind if 0 <= span.kind <= _MAX_KIND else Span.SPAN_KIND_UNSPECIFIED,
        start_time_unix_nano=span.start_time_unix_nano,
        end_time_unix_nano=span.end_time_unix_nano,
        attributes={item.key: item for item in span.attributes if item.key in kept}.values(),
        status=Status(code=Status.STATUS_CODE_ERROR) if failed else None,
    ).SerializeToString()
