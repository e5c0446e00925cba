"""A case as export requests, in the order in which they are to be sent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clients.replay.case import Case, LogRow, SpanRow
from clients.replay.wire import logs_request, shifted, traces_request

DEFAULT_BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class LogsBatch:
    """One export of logs. Event times are as sent; 0 when none of the case's rows has one.

    `send_at_unix_nano` is the event time at which it leaves when the replay keeps the recorded pace.
    """

    request: ExportLogsServiceRequest
    row_count: int
    first_unix_nano: int
    last_unix_nano: int
    send_at_unix_nano: int


@dataclass(frozen=True, slots=True)
class TracesBatch:
    """One export of spans; as LogsBatch."""

    request: ExportTraceServiceRequest
    row_count: int
    first_unix_nano: int
    last_unix_nano: int
    send_at_unix_nano: int


Batch: TypeAlias = LogsBatch | TracesBatch


def to_otlp_requests(
    case: Case,
    *,
    batch_size: int = DEFAULT_BATCH_SIZE,
    batch_nano: int | None = None,
    shift_nano: int = 0,
    shuffle_nano: int = 0,
    seed: int = 0,
) -> Iterator[Batch]:
    """Every row of the case once, in batches ordered by event time, logs and spans interleaved.

    The rows of both signals are cut together, after `batch_size` rows or when the next is `batch_nano` or more of
    event time after the first, so that neither signal runs ahead of the other. All known times are moved by
    `shift_nano`. With `shuffle_nano` the batches are mixed at random, the same for the same seed, so that no row
    leaves after one that is more than `shuffle_nano` younger. Requests are built while the iterator is read.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if batch_nano is not None and batch_nano < 1:
        raise ValueError(f"batch_nano must be at least 1, not {batch_nano}")
    if shuffle_nano < 0:
        raise ValueError(f"shuffle_nano must not be negative, not {shuffle_nano}")
    if shuffle_nano:
        # Batches shorter than the room they have: else there would be nothing to mix.
        batch_nano = min(batch_nano or shuffle_nano, max(shuffle_nano // 2, 1))
    slices = list(_slices(case, batch_size, batch_nano))
    if shuffle_nano:
        # Leaving between one's last row and one's first plus the room: whoever leaves earlier has its last row
        # before that, hence not more than the room younger than any row here.
        draw = random.Random(seed)
        slices = [replace(piece, send_at=draw.randint(piece.last, piece.first + shuffle_nano)) for piece in slices]
        slices.sort(key=lambda piece: piece.send_at)
    for piece in slices:
        yield from _encode(piece, shift_nano)


@dataclass(frozen=True, slots=True)
class _Slice:
    """Rows of one signal that travel together. Times are as recorded."""

    logs: tuple[LogRow, ...]
    spans: tuple[SpanRow, ...]
    first: int
    last: int
    send_at: int


def _slices(case: Case, batch_size: int, batch_nano: int | None) -> Iterator[_Slice]:
    # A row that nobody can date goes with the first ones. Sorting is stable: equal times keep the order of the file.
    unknown = case.first_unix_nano or 0
    rows: list[tuple[int, LogRow | SpanRow]] = [(row.event_unix_nano or unknown, row) for row in case.logs]
    rows += [(row.event_unix_nano or unknown, row) for row in case.spans]
    rows.sort(key=lambda timed: timed[0])
    begin = 0
    for end in range(1, len(rows) + 1):
        full = end - begin >= batch_size
        if end == len(rows) or full or (batch_nano is not None and rows[end][0] - rows[begin][0] >= batch_nano):
            yield from _split(rows[begin:end])
            begin = end


def _split(rows: list[tuple[int, LogRow | SpanRow]]) -> Iterator[_Slice]:
    send_at = rows[-1][0]
    logs = [(time, row) for time, row in rows if isinstance(row, LogRow)]
    spans = [(time, row) for time, row in rows if isinstance(row, SpanRow)]
    pieces = []
    if logs:
        pieces.append(_Slice(tuple(row for _, row in logs), (), logs[0][0], logs[-1][0], send_at))
    if spans:
        pieces.append(_Slice((), tuple(row for _, row in spans), spans[0][0], spans[-1][0], send_at))
    return iter(sorted(pieces, key=lambda piece: piece.first))


def _encode(piece: _Slice, shift_nano: int) -> Iterator[Batch]:
    first, last, send_at = (shifted(time, shift_nano) for time in (piece.first, piece.last, piece.send_at))
    if piece.logs:
        yield LogsBatch(logs_request(piece.logs, shift_nano), len(piece.logs), first, last, send_at)
    if piece.spans:
        yield TracesBatch(traces_request(piece.spans, shift_nano), len(piece.spans), first, last, send_at)
