"""The columns of log records, read from the wire; the few that can't be read in columns are rewritten first."""

from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.columns import Int32, Int64, UInt64
from analyzers.otlp.body import body_text
from analyzers.otlp.log_columns import read_columns
from analyzers.otlp.severities import MAX_SEVERITY, by_body, by_text
from analyzers.otlp.times import DecodeLimits
from analyzers.wire import Repeated, Wire

# Characters of the names of a severity and of an event that are looked at.
_SEVERITY_CHARS, _EVENT_CHARS = 32, 128


class LogRecords:
    """Records of `wire` between `start` and `end`. `kept` are the keys of the attributes that will be asked for."""

    def __init__(self, wire: Wire, start: Int64, end: Int64, limits: DecodeLimits, kept: frozenset[str]) -> None:
        # Bodies that had to be cut.
        self.truncated = 0
        names = sorted({int.from_bytes(key.encode()[:8], "little") for key in kept})
        self._wire, self._columns = wire, read_columns(wire, start, end, names, limits.body_chars)
        rewritten = np.flatnonzero(self._columns.odd)
        if len(rewritten):
            rewrite = partial(self._rewrite, limits=limits, kept=kept)
            self._wire, start, end = wire.rewritten(start, end, rewritten, rewrite)
            # What was cut has as many characters as may be, of up to four bytes each.
            self._columns = read_columns(self._wire, start, end, names, 4 * limits.body_chars)

    def __len__(self) -> int:
        return len(self._columns.odd)

    @property
    def wire(self) -> Wire:
        """Where the attributes are to be read."""
        return self._wire

    @property
    def attributes(self) -> Repeated:
        return self._columns.attributes

    def times(self) -> Int64:
        """`time_unix_nano`; 0 where there is none, -1 where it is beyond int64."""
        return self._columns.time

    def observed(self) -> Int64:
        return self._columns.observed

    def bodies(self) -> "pa.StringArray":
        return self._wire.texts(self._columns.text_at, self._columns.text_size)

    def severities(self, bodies: "pa.StringArray") -> Int32:
        """0 to 24; by name where there is no number, and by what stands in the `bodies` where there is neither."""
        found, names = self._columns.severity, self._columns.severity_names
        for row, at, size in zip(names.row.tolist(), names.at.tolist(), names.size.tolist(), strict=True):
            found[row] = _severity(self._wire.data[at : at + min(size, _SEVERITY_CHARS)])
        unknown = np.flatnonzero(found == 0)
        if len(unknown):
            found[unknown] = by_body(bodies.take(pa.array(unknown)))
        return found

    def trace_ids(self) -> UInt64:
        return self._columns.trace_id

    def span_ids(self) -> UInt64:
        return self._columns.span_id

    def events(self) -> dict[int, str]:
        """Row to the name of the event it is."""
        events = self._columns.events
        return {
            row: self._wire.data[at : at + min(size, _EVENT_CHARS)].decode(errors="replace")
            for row, at, size in zip(events.row.tolist(), events.at.tolist(), events.size.tolist(), strict=True)
        }

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
