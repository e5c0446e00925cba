"""Taking records out of segments that are complete, each of which is replaced as a whole."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from analyzers.erasure import Selection
from analyzers.otlp.resources import decode_resource
from analyzers.service import UNKNOWN_SERVICE
from server.journal.frame import FORMAT, Frame, FrameError, FrameKind
from server.journal.position import Position
from server.journal.segment import (
    SEGMENT_HEADER_SIZE,
    SegmentError,
    read_entries,
    read_header,
    segment_numbers,
    segment_path,
)
from server.otlp.content_coding import Coding


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A segment without what was to go, beside the one it is to replace."""

    path: Path
    replacement: Path
    # Log records and spans that are not in it any more.
    erased: int

    def put_in_place(self) -> None:
        """Unless the segment was dropped meanwhile, because it was old. Raises `OSError`."""
        if self.path.exists():
            self.replacement.replace(self.path)
        else:
            self.replacement.unlink(missing_ok=True)


def rewrite(folder: Path, number: int, selection: Selection) -> Rewritten | None:
    """A complete segment, written anew beside itself; None when nothing in it is to go. Frames stay in their order
    with their numbers of records, so that what later segments say of earlier ones still holds.

    Raises `FrameError` and `SegmentError` for damaged ones, `OSError`, and `FileNotFoundError` when it is gone.
    """
    path = segment_path(folder, number)
    replacement = path.with_suffix(".erased")
    header = read_header(path)
    erased = 0
    with _fresh(replacement) as file:
        os.write(file, replace(header, version=FORMAT).encode())
        for entry in read_entries(path, SEGMENT_HEADER_SIZE):
            frame, gone = without(entry.frame, selection)
            erased += gone
            data = memoryview(frame.encode())
            while data:
                data = data[os.write(file, data) :]
        os.fdatasync(file)
    if not erased:
        replacement.unlink()
        return None
    return Rewritten(path, replacement, erased)


def counted(folder: Path, position: Position, last: int) -> bool:
    """Whether no frame lies after `position` and up to the end of segment `last`, which is complete."""
    for number in segment_numbers(folder):
        if position.segment <= number <= last:
            start = position.offset if number == position.segment else 0
            with suppress(FrameError, SegmentError, FileNotFoundError):
                if next(read_entries(segment_path(folder, number), start), None) is not None:
                    return False
    return True


def without(frame: Frame, selection: Selection) -> tuple[Frame, int]:
    """The frame less what is selected, and how many log records or spans that was."""
    if frame.kind is FrameKind.IDLE:
        return frame, 0
    body = frame.plain()
    if not _may_hold(body, selection):
        return frame, 0
    request: ExportLogsServiceRequest | ExportTraceServiceRequest
    if frame.kind is FrameKind.LOGS:
        request = ExportLogsServiceRequest.FromString(body)
        gone = _sift_logs(request, selection, frame.received_unix_nano)
    else:
        request = ExportTraceServiceRequest.FromString(body)
        gone = _sift_spans(request, selection)
    if not gone:
        return frame, 0
    plain = request.SerializeToString()
    if frame.coding is Coding.PLAIN or not plain:
        return replace(frame, payload=plain, coding=Coding.PLAIN, size=len(plain)), gone
    return replace(frame, payload=gzip.compress(plain, 1, mtime=0), coding=Coding.GZIP, size=len(plain)), gone


def _may_hold(body: bytes, selection: Selection) -> bool:
    """A look at the bytes that takes a tenth of parsing them."""
    if selection.trace_id:
        return selection.trace_id in body
    name = selection.service.rpartition("/")[2]
    # One that was not sent, or sent as a number, does not stand there as it is written here.
    return name == UNKNOWN_SERVICE or name.lstrip("-").isdigit() or name.encode() in body


def _sift_logs(request: ExportLogsServiceRequest, selection: Selection, received: int) -> int:
    gone = 0
    for index in reversed(range(len(request.resource_logs))):
        group = request.resource_logs[index]
        if _sent(group.resource, selection):
            gone += sum(len(part.log_records) for part in group.scope_logs)
            del request.resource_logs[index]
        else:
            gone += sum(_sift_records(part, selection, received) for part in group.scope_logs)
    return gone


def _sift_records(part: ScopeLogs, selection: Selection, received: int) -> int:
    kept = [record for record in part.log_records if not _takes_record(record, selection, received)]
    gone = len(part.log_records) - len(kept)
    if gone:
        del part.log_records[:]
        part.log_records.extend(kept)
    return gone


def _takes_record(record: LogRecord, selection: Selection, received: int) -> bool:
    if selection.trace_id:
        return record.trace_id == selection.trace_id
    return selection.at(record.time_unix_nano or record.observed_time_unix_nano or received)


def _sift_spans(request: ExportTraceServiceRequest, selection: Selection) -> int:
    gone = 0
    for index in reversed(range(len(request.resource_spans))):
        group = request.resource_spans[index]
        if _sent(group.resource, selection):
            gone += sum(len(part.spans) for part in group.scope_spans)
            del request.resource_spans[index]
        else:
            gone += sum(_sift_part(part, selection) for part in group.scope_spans)
    return gone


def _sift_part(part: ScopeSpans, selection: Selection) -> int:
    kept = [span for span in part.spans if not _takes_span(span, selection)]
    gone = len(part.spans) - len(kept)
    if gone:
        del part.spans[:]
        part.spans.extend(kept)
    return gone


def _takes_span(span: Span, selection: Selection) -> bool:
    if selection.trace_id:
        return span.trace_id == selection.trace_id or any(link.trace_id == selection.trace_id for link in span.links)
    return selection.at(span.end_time_unix_nano)


def _sent(resource: Resource, selection: Selection) -> bool:
    return bool(selection.service) and selection.names(decode_resource(resource).service)


@contextmanager
def _fresh(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
