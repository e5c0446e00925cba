"""The columns of log records, read from the wire; the few that can't be read in columns are rewritten first."""

from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.columns import Int32, Int64, UInt64
from analyzers.otlp.body import body_text
from analyzers.otlp.ids import span_ids, trace_ids
from analyzers.otlp.severities import MAX_SEVERITY, by_text
from analyzers.otlp.times import DecodeLimits, wire_times
from analyzers.wire import FIXED64, LENGTH, VARINT, Field, Repeated, Wire, tag_of, varints, walk

# Fields of LogRecord.
_TIME, _OBSERVED = tag_of(1, FIXED64), tag_of(11, FIXED64)
_SEVERITY, _SEVERITY_TEXT = tag_of(2, VARINT), tag_of(3, LENGTH)
_BODY, _ATTRIBUTES = tag_of(5, LENGTH), tag_of(6, LENGTH)
_TRACE_ID, _SPAN_ID, _EVENT = tag_of(9, LENGTH), tag_of(10, LENGTH), tag_of(12, LENGTH)
_SINGLE = (_TIME, _SEVERITY, _SEVERITY_TEXT, _BODY, _TRACE_ID, _SPAN_ID, _OBSERVED, _EVENT)
_STRING_TAG = 0x0A
# Characters of the names of a severity and of an event that are looked at.
_SEVERITY_CHARS, _EVENT_CHARS = 32, 128


class LogRecords:
    """Records of `wire` between `start` and `end`. `kept` are the keys of the attributes that will be asked for."""

    def __init__(self, wire: Wire, start: Int64, end: Int64, limits: DecodeLimits, kept: frozenset[str]) -> None:
        # Bodies that had to be cut.
        self.truncated = 0
        self._wire = wire
        self._walk = walk(wire, start, end, _SINGLE, (_ATTRIBUTES,))
        self._text_at, self._text_size, plain = self._bodies(limits)
        rewritten = np.flatnonzero(self._walk.odd | ~plain)
        if len(rewritten):
            rewrite = partial(self._rewrite, limits=limits, kept=kept)
            self._wire, start, end = wire.rewritten(start, end, rewritten, rewrite)
            self._walk = walk(self._wire, start, end, _SINGLE, (_ATTRIBUTES,))
            self._text_at, self._text_size, _ = self._bodies(limits)

    def __len__(self) -> int:
        return len(self._text_at)

    @property
    def wire(self) -> Wire:
        """Where the attributes are to be read."""
        return self._wire

    @property
    def attributes(self) -> Repeated:
        return self._walk.repeated[_ATTRIBUTES]

    def times(self) -> Int64:
        """`time_unix_nano`; 0 where there is none, -1 where it is beyond int64."""
        return self._fixed64(_TIME)

    def observed(self) -> Int64:
        return self._fixed64(_OBSERVED)

    def bodies(self) -> "pa.StringArray":
        return self._wire.texts(self._text_at, self._text_size)

    def severities(self) -> Int32:
        """0 to 24; by name where there is no number."""
        number, name = self._walk.single[_SEVERITY], self._walk.single[_SEVERITY_TEXT]
        found = np.where(number.present, np.minimum(number.size, MAX_SEVERITY), 0).astype(np.int32)
        for row in np.flatnonzero((found == 0) & (name.size > 0)).tolist():
            start = int(name.at[row])
            found[row] = _severity(self._wire.data[start : start + min(int(name.size[row]), _SEVERITY_CHARS)])
        return found

    def trace_ids(self) -> UInt64:
        return trace_ids(self._wire, self._walk.single[_TRACE_ID])

    def span_ids(self) -> UInt64:
        return span_ids(self._wire, self._walk.single[_SPAN_ID])

    def events(self) -> dict[int, str]:
        """Row to the name of the event it is."""
        event = self._walk.single[_EVENT]
        rows = np.flatnonzero(event.size > 0).tolist()
        ends = zip(event.at[rows].tolist(), event.size[rows].tolist(), strict=True)
        return {
            row: self._wire.data[at : at + min(size, _EVENT_CHARS)].decode(errors="replace")
            for row, (at, size) in zip(rows, ends, strict=True)
        }

    def _fixed64(self, number: int) -> Int64:
        return wire_times(self._wire, self._walk.single[number])

    def _bodies(self, limits: DecodeLimits) -> tuple[Int64, Int64, npt.NDArray[np.bool_]]:
        """Where the text of each body starts and how long it is, and whether it can be taken from there as it is."""
        body: Field = self._walk.single[_BODY]
        there = np.flatnonzero(body.size > 0)
        at = np.zeros(len(body.at), dtype=np.int64)
        size, plain = np.zeros_like(at), np.ones(len(at), dtype=np.bool_)
        first = body.at[there]
        length, text, sound = varints(self._wire, first + 1)
        sound &= self._wire.octets.take(first) == _STRING_TAG
        # Nothing else in the value, and surely not too long: a character is a byte or more.
        sound &= (text + length == first + body.size[there]) & (length <= limits.body_chars)
        at[there], size[there], plain[there] = text, length, sound
        return at, size, plain

    def _rewrite(self, serialized: bytes, limits: DecodeLimits, kept: frozenset[str]) -> bytes:
        """The same record as far as it is read, its body as text."""
        record = LogRecord.FromString(serialized)
        text = body_text(record.body, limits.depth, limits.body_chars)
        self.truncated += len(text) > limits.body_chars
        return LogRecord(
            time_unix_nano=record.time_unix_nano,
            observed_time_unix_nano=record.observed_time_unix_nano,
            severity_number=min(max(record.severity_number, 0), MAX_SEVERITY),  # type: ignore[arg-type]
            severity_text=record.severity_text[:_SEVERITY_CHARS],
            body=AnyValue(string_value=text[: limits.body_chars]),
            attributes=[attribute for attribute in record.attributes if attribute.key in kept][:_SEVERITY_CHARS],
            trace_id=record.trace_id,
            span_id=record.span_id,
            event_name=record.event_name[:_EVENT_CHARS],
        ).SerializeToString()


@lru_cache(maxsize=1024)
def _severity(name: bytes) -> int:
    return by_text(name.decode(errors="replace"))
