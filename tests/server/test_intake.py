"""What is checked, accounted for and handed on, and what the sender is told."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from server.delivery import Delivery, delivery_of
from server.errors import InvalidInputError, UnavailableError
from server.inbox import Inbox
from server.intake import Intake, Outcome
from server.journal import START, Journal, JournalSettings
from server.ledger import Ledger, Signal
from server.otlp.content_coding import Coding, Compressed, TooLargeError
from tests.server.otlp import messages
from tests.server.otlp.messages import spans


class Counter:
    """An intake with all it leads to in reach."""

    def __init__(self, max_bytes: int = 2**20) -> None:
        self.ledger = Ledger()
        self.inbox = Inbox(max_bytes, self.ledger)
        self.intake = Intake(self.inbox, self.ledger)

    def logs(self, request: Message) -> Outcome:
        return self.intake.logs(request.SerializeToString())

    def traces(self, request: Message) -> Outcome:
        return self.intake.traces(request.SerializeToString())

    def next(self) -> Delivery:
        (found,) = self.inbox.take(0, most_bytes=1)
        return found

    def account(self, signal: Signal) -> tuple[int, int, int]:
        """received, rejected, pending"""
        account = self.ledger.account(signal)
        assert account.balanced
        return account.received, account.rejected, account.pending


def logs(count: int, service: str = "cart", log_count: int = 0) -> ExportLogsServiceRequest:
    records = [messages.log(f"line {number}", at=1) for number in range(count)]
    if log_count:
        for record in records:
            record.attributes.append(KeyValue(key="log_count", value=AnyValue(int_value=log_count)))
    return messages.logs(*records, service=service)


def span(trace_id: bytes = b"t" * 16, span_id: bytes = b"s" * 8) -> Span:
    return Span(trace_id=trace_id, span_id=span_id, name="op")


def test_what_is_good_is_handed_on_whole() -> None:
    counter = Counter()
    assert counter.logs(logs(3)) == Outcome()
    assert counter.account(Signal.LOGS) == (3, 0, 3)
    delivery = counter.next()
    assert delivery.body == logs(3).SerializeToString()
    assert (delivery.records, delivery.size) == (3, logs(3).ByteSize())


@pytest.mark.parametrize(("log_count", "stands_for"), [(500, 500), (1, 1), (-7, 1), (2**62, 2**31)])
def test_a_deduplicated_record_counts_what_it_stands_for(log_count: int, stands_for: int) -> None:
    counter = Counter()
    counter.logs(logs(2, log_count=log_count))
    assert counter.account(Signal.LOGS) == (2 * stands_for, 0, 2 * stands_for)


def _gzip(body: bytes) -> bytes:
    """The same bytes at any time."""
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize(("coding", "compress"), [(Coding.GZIP, _gzip), (Coding.DEFLATE, zlib.compress)])
def test_the_journal_has_the_bytes_as_they_came(
    tmp_path: Path, coding: Coding, compress: Callable[[bytes], bytes]
) -> None:
    journal = Journal(tmp_path, JournalSettings())
    ledger = Ledger()
    inbox = Inbox(2**20, ledger, journal)
    intake = Intake(inbox, ledger)
    long, short = logs(50).SerializeToString(), logs(1).SerializeToString()
    for body in (long, short):
        assert intake.logs(body, Compressed(compress(body), coding)) == intake.logs(body) == Outcome()
    frames = [frame for frame, _ in journal.read(START)]
    journal.close()
    # What compressing makes longer is taken as it is.
    assert [frame.payload for frame in frames] == [compress(long), long, short, short]
    assert [frame.coding for frame in frames] == [coding, Coding.PLAIN, Coding.PLAIN, Coding.PLAIN]
    assert [frame.plain() for frame in frames] == [long, long, short, short]
    restored = [delivery_of(frame, START) for frame in frames]
    assert [delivery.records for delivery in restored] == [50, 50, 1, 1]
    assert [delivery.size for delivery in restored] == [len(long), len(long), len(short), len(short)]
    # However it was sent, it is the same batch.
    first, again, other, other_again = (delivery.digest for delivery in restored)
    assert first == again != other == other_again


def test_nothing_is_no_delivery() -> None:
    counter = Counter()
    assert counter.logs(ExportLogsServiceRequest()) == Outcome()
    assert counter.intake.traces(b"") == Outcome()
    assert not counter.inbox.take(0, most_bytes=1)
    assert counter.account(Signal.LOGS) == counter.account(Signal.TRACES) == (0, 0, 0)


def test_a_missing_service_name_is_a_warning() -> None:
    counter = Counter()
    for outcome in (counter.logs(logs(1, service="")), counter.traces(spans(span(), service=""))):
        assert outcome.rejected == 0
        assert "service.name is missing" in outcome.message
    assert counter.account(Signal.LOGS) == counter.account(Signal.TRACES) == (1, 0, 1)


BAD_SPANS = (
    span(trace_id=b""),
    span(trace_id=b"t" * 15),
    span(trace_id=b"t" * 24),
    span(trace_id=bytes(16)),
    span(span_id=b""),
    span(span_id=b"s" * 7),
    span(span_id=bytes(8)),
)


@pytest.mark.parametrize("bad", BAD_SPANS, ids=lambda item: f"{item.trace_id!r}-{item.span_id!r}")
def test_spans_without_ids_are_rejected_and_the_others_kept(bad: Span) -> None:
    counter = Counter()
    outcome = counter.traces(spans(span(), bad, span(span_id=b"r" * 8)))
    assert outcome.rejected == 1
    assert "send both" in outcome.message
    assert counter.account(Signal.TRACES) == (3, 1, 2)
    assert counter.next().body == spans(span(), span(span_id=b"r" * 8)).SerializeToString()


def test_only_bad_spans_are_no_delivery() -> None:
    counter = Counter(max_bytes=1)
    assert counter.traces(spans(*BAD_SPANS)).rejected == len(BAD_SPANS)
    assert counter.account(Signal.TRACES) == (len(BAD_SPANS), len(BAD_SPANS), 0)
    assert not counter.inbox.take(0, most_bytes=1)


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05abc", b"plain text"])
def test_what_is_no_request_names_the_body(body: bytes) -> None:
    counter = Counter()
    for take in (counter.intake.logs, counter.intake.traces):
        with pytest.raises(InvalidInputError) as refused:
            take(body)
        assert [item.field for item in refused.value.violations] == ["body"]
    assert counter.account(Signal.LOGS) == counter.account(Signal.TRACES) == (0, 0, 0)


def test_what_is_refused_for_want_of_room_leaves_no_trace() -> None:
    counter = Counter(max_bytes=100)
    counter.logs(logs(5))
    with pytest.raises(UnavailableError):
        counter.logs(logs(2))
    with pytest.raises(UnavailableError):
        counter.traces(spans(span(), *BAD_SPANS))
    assert counter.account(Signal.LOGS) == (5, 0, 5)
    assert counter.account(Signal.TRACES) == (0, 0, 0)


def test_more_records_than_are_taken_at_once_are_refused_before_they_are_read() -> None:
    counter = Counter()
    counter.intake = Intake(counter.inbox, counter.ledger, max_records=3)
    assert counter.logs(logs(3)) == Outcome()
    with pytest.raises(TooLargeError, match="more than 3 records"):
        counter.logs(logs(4))
    # Two bytes each on the wire.
    with pytest.raises(TooLargeError):
        counter.intake.logs(b"\x0a\x0a\x12\x08" + b"\x12\x00" * 4)
    assert counter.account(Signal.LOGS) == (3, 0, 3)


def test_attributes_are_not_taken_for_records() -> None:
    """They begin with the same byte; the limit holds for what they are in."""
    counter = Counter()
    counter.intake = Intake(counter.inbox, counter.ledger, max_records=3)
    assert counter.logs(logs(3, log_count=5)) == Outcome()


def test_values_too_deep_to_be_read_are_cut_and_the_sender_is_told() -> None:
    request = logs(2)
    value = request.resource_logs[0].scope_logs[0].log_records[0].body
    for _ in range(80):
        value = value.array_value.values.add()
    value.string_value = "deep"
    counter = Counter()
    # Grown in place, since what is too deep can't be parsed; written it can be.
    outcome = counter.intake.logs(request.SerializeToString())
    assert outcome.rejected == 0
    assert "nested deeper than 16" in outcome.message
    assert counter.account(Signal.LOGS) == (2, 0, 2)
    assert b"deep" not in counter.next().body
