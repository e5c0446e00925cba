"""Raw lines out of the journal: those that are looked for, newest first, within limits, whatever else goes on."""

import gzip
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.templates import template_of
from server.journal import Frame, FrameKind, Journal, JournalSettings
from server.journal.raw_lines import RawLimits, RawLineReader, RawQuery, Stopped
from server.journal.raw_request import RawLine
from server.journal.segment import segment_numbers, segment_path
from server.otlp.content_coding import Coding
from tests.server.otlp.messages import log, logs

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
TRACE = bytes(range(1, 17))


class Kept:
    """A journal with a reader; every request is received a second after its newest record."""

    def __init__(self, folder: Path, settings: JournalSettings | None = None) -> None:
        self.folder = folder
        self.journal = Journal(folder, settings or JournalSettings())
        self.reader = RawLineReader(folder)

    def take(self, request: ExportLogsServiceRequest, received: int = 0, compressed: bool = True) -> None:
        body = request.SerializeToString()
        if not received:
            parts = [part for group in request.resource_logs for part in group.scope_logs]
            received = max(record.time_unix_nano for part in parts for record in part.log_records) + SECOND
        payload, coding = (gzip.compress(body), Coding.GZIP) if compressed else (body, Coding.PLAIN)
        self.journal.append(Frame(FrameKind.LOGS, payload, received, 1, 0, coding, len(body)))

    def line(self, second: float, body: str = "", service: str = "cart") -> None:
        self.take(logs(log(body or f"line of {second}", at=T0 + round(second * SECOND)), service=service))

    def bodies(self, query: RawQuery, limits: RawLimits | None = None) -> list[str]:
        return [line.body for line in self.reader.find(query, limits or RawLimits()).lines]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.journal.close()


def test_a_line_is_the_record_as_it_was_sent(kept: Kept) -> None:
    record = LogRecord(
        time_unix_nano=T0,
        severity_number=17,  # type: ignore[arg-type]
        body=AnyValue(string_value="order 77 failed"),
        trace_id=TRACE,
        span_id=TRACE[:8],
        attributes=[
            KeyValue(key="exception.type", value=AnyValue(string_value="IOError")),
            KeyValue(key="retries", value=AnyValue(int_value=3)),
        ],
    )
    request = logs(record)
    request.resource_logs[0].resource.attributes.append(
        KeyValue(key="k8s.pod.name", value=AnyValue(string_value="cart-1"))
    )
    request.resource_logs[0].scope_logs[0].scope.name = "logger"
    kept.take(request)
    (line,) = kept.reader.find(RawQuery()).lines
    assert (str(line.service), line.pod, line.scope) == ("cart", "cart-1", "logger")
    assert (line.time_unix_nano, line.severity, line.body) == (T0, 17, "order 77 failed")
    assert (line.trace_id, line.span_id) == (TRACE, TRACE[:8])
    assert line.template == template_of("order <*> failed")
    assert line.attributes == (("exception.type", "IOError"), ("retries", "3"))


@pytest.fixture
def shop(kept: Kept) -> Kept:
    """Two services, one trace, one structured body, one template that was sent along."""
    kept.take(
        logs(
            log("user 1 paid", at=T0),
            LogRecord(time_unix_nano=T0 + SECOND, trace_id=TRACE, body=AnyValue(string_value="User 2 paid")),
            service="cart",
        )
    )
    structured = KeyValueList(values=[KeyValue(key="msg", value=AnyValue(string_value="Connection refused"))])
    kept.take(
        logs(
            LogRecord(time_unix_nano=T0 + 2 * SECOND, body=AnyValue(kvlist_value=structured)),
            LogRecord(time_unix_nano=T0 + 3 * SECOND, trace_id=TRACE, body=AnyValue(int_value=404)),
            LogRecord(
                time_unix_nano=T0 + 4 * SECOND,
                body=AnyValue(string_value="anything"),
                attributes=[KeyValue(key="log.record.template", value=AnyValue(string_value="mined <*> before"))],
            ),
            service="payment",
        ),
        compressed=False,
    )
    kept.journal.append(Frame(FrameKind.TRACES, b"\xff", T0 + 5 * SECOND))
    kept.journal.append(Frame(FrameKind.IDLE, b"", T0 + 6 * SECOND))
    return kept


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (RawQuery(), ["anything", "404", '{"msg":"Connection refused"}', "User 2 paid", "user 1 paid"]),
        (RawQuery(service="cart"), ["User 2 paid", "user 1 paid"]),
        (RawQuery(service="nobody"), []),
        (RawQuery(service="production/cart"), []),
        (RawQuery(trace_id=TRACE), ["404", "User 2 paid"]),
        (RawQuery(trace_id=TRACE, service="cart"), ["User 2 paid"]),
        (RawQuery(trace_id=TRACE[1:]), []),
        (RawQuery(words=("paid", "user")), ["User 2 paid", "user 1 paid"]),
        (RawQuery(words=("refused",)), ['{"msg":"Connection refused"}']),
        (RawQuery(words=('"msg":"connection',)), ['{"msg":"Connection refused"}']),
        (RawQuery(words=("404",)), ["404"]),
        (RawQuery(words=("mined",)), ["anything"]),
        (RawQuery(words=("<*>", "paid")), ["User 2 paid", "user 1 paid"]),
        (RawQuery(words=("nothing",)), []),
        (RawQuery(template_id=template_of("mined <*> before").template_id), ["anything"]),
        (RawQuery(template_id=template_of("user <*> paid").template_id), ["user 1 paid"]),
        (RawQuery(start_unix_nano=T0 + 3 * SECOND), ["anything", "404"]),
        (RawQuery(end_unix_nano=T0 + SECOND), ["user 1 paid"]),
        (RawQuery(start_unix_nano=T0 + SECOND, end_unix_nano=T0 + 2 * SECOND), ["User 2 paid"]),
    ],
)
def test_all_that_is_set_must_hold(shop: Kept, query: RawQuery, found: list[str]) -> None:
    result = shop.reader.find(query)
    assert [line.body for line in result.lines] == found
    assert result.stopped is Stopped.NO


def test_newest_first_over_segments_also_where_they_came_late(tmp_path: Path) -> None:
    kept = Kept(tmp_path, JournalSettings(segment_bytes=4096))
    for number in range(300):
        # Every tenth came half a minute after it was written.
        at = T0 + number * SECOND - (30 * SECOND if number % 10 == 0 else 0)
        kept.take(logs(log(f"line {number}", at=at)), received=T0 + number * SECOND)
    assert len(segment_numbers(tmp_path)) > 3
    everything = kept.reader.find(RawQuery())
    times = [line.time_unix_nano for line in everything.lines]
    assert (len(times), everything.stopped) == (300, Stopped.NO)
    assert times == sorted(times, reverse=True)
    for most in (1, 7, 100):
        few = kept.reader.find(RawQuery(), RawLimits(lines=most))
        assert few.lines == everything.lines[:most]
        assert (few.stopped, few.stopped.early) == (Stopped.LINES, False)
        assert few.scanned_bytes < everything.scanned_bytes
    middle = RawQuery(start_unix_nano=T0 + 100 * SECOND, end_unix_nano=T0 + 110 * SECOND)
    assert kept.reader.find(middle).lines == tuple(
        line for line in everything.lines if 100 <= (line.time_unix_nano - T0) // SECOND < 110
    )
    kept.journal.close()


def test_what_comes_too_late_is_not_waited_for(kept: Kept) -> None:
    for after in (10, 20):
        kept.take(logs(log(f"after {after}", at=T0)), received=T0 + after * SECOND)
    range_ = RawQuery(end_unix_nano=T0 + SECOND, lateness=15 * SECOND)
    assert kept.bodies(range_) == ["after 10"]


def test_a_batch_that_was_sent_again_is_read_once_unless_it_has_no_times(kept: Kept) -> None:
    timed, timeless = logs(log("timed", at=T0)), logs(LogRecord(body=AnyValue(string_value="timeless")))
    for compressed in (True, False):
        kept.take(timed, compressed=compressed)
        kept.take(timeless, received=T0 + SECOND, compressed=compressed)
    assert sorted(kept.bodies(RawQuery())) == ["timed", "timeless", "timeless"]


def test_it_stops_at_bytes_and_at_seconds_and_says_so(kept: Kept) -> None:
    for number in range(100):
        kept.line(number, f"{number} " + "x" * 1000)
    few = kept.reader.find(RawQuery(), RawLimits(bytes=10_000))
    assert (few.stopped, few.stopped.early) == (Stopped.BYTES, True)
    assert 0 < len(few.lines) < 10
    assert few.lines[0].body.startswith("99 ")
    assert few.scanned_bytes <= 10_000
    # One is read however large it is.
    assert len(kept.reader.find(RawQuery(), RawLimits(bytes=1)).lines) == 1
    none = kept.reader.find(RawQuery(), RawLimits(seconds=0))
    assert (none.lines, none.stopped) == ((), Stopped.SECONDS)


def test_who_comes_while_another_reads_waits_and_goes_when_it_takes_too_long(kept: Kept) -> None:
    kept.line(1)
    entered, go_on = threading.Event(), threading.Event()

    def hold(line: RawLine) -> bool:
        entered.set()
        assert go_on.wait(20)
        return True

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(len(kept.reader.find(RawQuery(), accepts=hold).lines)))
    thread.start()
    assert entered.wait(20)
    assert kept.reader.find(RawQuery(), RawLimits(seconds=0.05)).stopped is Stopped.BUSY
    # Nobody who appends waits for it.
    kept.line(2)
    go_on.set()
    thread.join()
    assert found == [1]
    assert len(kept.reader.find(RawQuery()).lines) == 2


def test_segments_that_go_and_frames_that_are_half_there_are_no_trouble(tmp_path: Path) -> None:
    kept = Kept(tmp_path, JournalSettings(segment_bytes=4096))
    for number in range(100):
        kept.line(number)
    numbers = segment_numbers(tmp_path)
    # The end of a frame that is just being written.
    with segment_path(tmp_path, numbers[-1]).open("ab") as file:
        file.write(Frame(FrameKind.LOGS, b"x" * 100, T0).encode()[:-10])
    damaged = bytearray(segment_path(tmp_path, numbers[1]).read_bytes())
    damaged[200] ^= 0xFF
    segment_path(tmp_path, numbers[1]).write_bytes(damaged)
    dropped: list[int] = []

    def drop(line: RawLine) -> bool:
        if not dropped:
            dropped.append(numbers[0])
            segment_path(tmp_path, numbers[0]).unlink()
        return True

    found = kept.reader.find(RawQuery(), accepts=drop)
    assert found.lines[0].body == "line of 99"
    assert 40 < len(found.lines) < 100
    kept.journal.close()


def test_reading_beside_a_writer_finds_whole_lines_in_order(tmp_path: Path) -> None:
    kept = Kept(tmp_path, JournalSettings(segment_bytes=20_000, max_bytes=100_000))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            kept.line(number / 10)
            number += 1
            kept.journal.release(kept.journal.end)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        until = time.monotonic() + 1.5
        reads = 0
        while time.monotonic() < until:
            _check(kept.reader.find(RawQuery(), RawLimits(lines=50)).lines)
            reads += 1
    finally:
        stop.set()
        thread.join()
        kept.journal.close()
    assert reads > 3


def _check(lines: Sequence[RawLine]) -> None:
    """Without a gap: nothing was missed between the oldest and the newest that was seen."""
    steps = [(line.time_unix_nano - T0) * 10 // SECOND for line in lines]
    assert steps == list(range(steps[0], steps[0] - len(steps), -1)) if steps else True
