"""OTLP/gRPC as the specification has it, spoken by real clients."""

import gzip
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.conformance.http2 import Http2Connection
from server.config import OtlpConfig
from server.ledger import Signal
from tests.server.flow import Flow
from tests.server.otlp.calls import attempt, detail, refusal, send
from tests.server.otlp.messages import LOGS, TRACES, log, logs, span, spans

KIBIBYTE = 1024


@pytest.fixture
def log_stub(channel: grpc.Channel) -> LogsServiceStub:
    return LogsServiceStub(channel)  # type: ignore[no-untyped-call]


@pytest.fixture
def trace_stub(channel: grpc.Channel) -> TraceServiceStub:
    return TraceServiceStub(channel)  # type: ignore[no-untyped-call]


def test_full_success_leaves_partial_success_unset(
    flow: Flow, log_stub: LogsServiceStub, trace_stub: TraceServiceStub
) -> None:
    logged: ExportLogsServiceResponse = log_stub.Export(logs(log(), log()), timeout=10)
    traced: ExportTraceServiceResponse = trace_stub.Export(spans(span(1), span(2), span(3)), timeout=10)
    assert not logged.HasField("partial_success")
    assert not traced.HasField("partial_success")
    assert flow.account(Signal.LOGS).counted == 2
    assert flow.account(Signal.TRACES).counted == 3


@pytest.mark.parametrize(("method", "envelope"), [(LOGS, logs()), (TRACES, spans())])
def test_nothing_is_success(flow: Flow, channel: grpc.Channel, method: str, envelope: Message) -> None:
    """No bytes at all, and a resource with a scope that has nothing in it."""
    assert send(channel, method, b"") == b""
    assert send(channel, method, envelope.SerializeToString()) == b""
    assert flow.account(Signal.LOGS).received == flow.account(Signal.TRACES).received == 0


@pytest.mark.parametrize("method", [LOGS, TRACES])
@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x7fcut short", b"GET / HTTP/1.1\r\n"])
def test_undecodable_bytes_are_the_senders_fault(flow: Flow, channel: grpc.Channel, method: str, body: bytes) -> None:
    call = refusal(channel, method, body)
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
    violations = detail(call, BadRequest)
    assert isinstance(violations, BadRequest)
    assert [item.field for item in violations.field_violations] == ["body"]
    assert flow.account(Signal.LOGS).received == flow.account(Signal.TRACES).received == 0


def test_unknown_fields_are_ignored(flow: Flow, channel: grpc.Channel) -> None:
    """Field 1023 of the request, length-delimited, of a later version of the protocol."""
    body = logs(log()).SerializeToString() + b"\xfa\x3f\x05later"
    assert send(channel, LOGS, body) == b""
    assert flow.account(Signal.LOGS).counted == 1


def test_unknown_signals_are_unimplemented(channel: grpc.Channel) -> None:
    method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    assert refusal(channel, method, b"").code() is grpc.StatusCode.UNIMPLEMENTED


def test_gzip_means_the_same(flow: Flow, log_stub: LogsServiceStub, trace_stub: TraceServiceStub) -> None:
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
        many = logs(*(log(f"order {number} done") for number in range(500)))
        answer = log_stub.Export(many, timeout=10, compression=compression)
        assert not answer.HasField("partial_success")
        trace_stub.Export(spans(*map(span, range(500))), timeout=10, compression=compression)
    assert flow.account(Signal.LOGS).counted == 1000
    assert flow.account(Signal.TRACES).counted == 1000


COMPRESSIONS = (grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate)


def test_however_it_was_compressed_the_same_batch_counts_once(flow: Flow, channel: grpc.Channel) -> None:
    body = logs(*(log(f"order {number} done") for number in range(50))).SerializeToString()
    for compression in COMPRESSIONS:
        assert send(channel, LOGS, body, compression) == b""
    account = flow.account(Signal.LOGS)
    assert (account.received, account.counted, account.duplicate) == (150, 50, 100)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_nothing_may_be_compressed(flow: Flow, channel: grpc.Channel, compression: grpc.Compression) -> None:
    assert send(channel, LOGS, b"", compression) == b""
    assert flow.account(Signal.LOGS).received == 0


def test_grpcio_hands_over_what_was_sent(flow: Flow) -> None:
    """Every coding that gRPC has, said and done; one of them said and not done is no reason to drop a batch."""
    body = logs(log("x" * 500)).SerializeToString()
    for coding, sent in (
        ("gzip", gzip.compress(body)),
        ("deflate", zlib.compress(body)),
        ("deflate", zlib.compress(body, 1)),
        ("gzip", body),
    ):
        with Http2Connection(flow.address) as connection:
            assert connection.call(LOGS, flow.address, coding, sent)["grpc-status"] == "0"
    account = flow.account(Signal.LOGS)
    assert (account.received, account.counted, account.duplicate) == (4, 1, 3)


@pytest.mark.parametrize(
    "sent",
    [gzip.compress(b"cut" * 99)[:-9], gzip.compress(b"no request"), zlib.compress(b"cut" * 99)[:-3], b"\x1f\x8bnot"],
    ids=["gzip cut short", "no request", "zlib cut short", "no gzip"],
)
def test_broken_compression_is_the_senders_fault(flow: Flow, sent: bytes) -> None:
    with Http2Connection(flow.address) as connection:
        answer = connection.call(LOGS, flow.address, "gzip", sent)
    assert answer["grpc-status"] == "3"
    assert flow.account(Signal.LOGS).received == 0


@pytest.mark.parametrize("coding", ["zstd", "snappy"])
def test_codings_that_grpcio_does_not_know_are_refused_for_good(flow: Flow, coding: str) -> None:
    """With INTERNAL, by grpcio itself, before anything of ours is asked."""
    with Http2Connection(flow.address) as connection:
        assert connection.call(LOGS, flow.address, coding, b"whatever")["grpc-status"] == "13"
    assert flow.account(Signal.LOGS).received == 0


class TestSizes:
    """Over the limit is for good: RESOURCE_EXHAUSTED, and no RetryInfo that would make it "later"."""

    LIMIT = 64 * KIBIBYTE

    @pytest.fixture
    def flow(self) -> Iterator[Flow]:
        with Flow(OtlpConfig(max_message_bytes=self.LIMIT)) as flow:
            yield flow

    def body(self, size: int) -> bytes:
        """A request of exactly that many bytes."""
        empty = logs(log("", at=1)).ByteSize()
        body = logs(log("x" * (size - empty - 8), at=1)).SerializeToString()
        body = logs(log("x" * (size - empty - 8 + size - len(body)), at=1)).SerializeToString()
        assert len(body) == size
        return body

    def test_up_to_the_limit(self, flow: Flow, channel: grpc.Channel) -> None:
        assert send(channel, LOGS, self.body(self.LIMIT)) == b""
        assert flow.account(Signal.LOGS).counted == 1

    @pytest.mark.parametrize("compression", COMPRESSIONS)
    def test_beyond_it(self, flow: Flow, channel: grpc.Channel, compression: grpc.Compression) -> None:
        """With gzip this is a bomb: a few hundred bytes on the wire."""
        for size in (self.LIMIT + 1, 50 * self.LIMIT):
            body = self.body(size)
            assert len(gzip.compress(body)) < self.LIMIT
            call = refusal(channel, LOGS, body, compression=compression)
            assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert rpc_status.from_call(call) is None
        send(channel, LOGS, self.body(KIBIBYTE), compression=compression)
        assert flow.account(Signal.LOGS).received == 1


def test_the_default_limit_is_that_of_the_specification(flow: Flow, channel: grpc.Channel) -> None:
    body = logs(log("x" * (5 * 2**20))).SerializeToString()
    assert send(channel, LOGS, body) == b""
    assert OtlpConfig().max_message_bytes == 64 * 2**20
    assert flow.account(Signal.LOGS).counted == 1


def test_a_batch_that_is_sent_again_counts_once(flow: Flow, channel: grpc.Channel) -> None:
    """As after a timeout of which the sender can't know that the batch had arrived."""
    same = logs(log("one"), log("two")).SerializeToString()
    for body in (same, same, logs(log("three")).SerializeToString(), same):
        assert send(channel, LOGS, body) == b""
    account = flow.account(Signal.LOGS)
    assert (account.received, account.counted, account.duplicate) == (7, 3, 4)


def test_bad_spans_are_a_partial_success(flow: Flow, trace_stub: TraceServiceStub) -> None:
    answer = trace_stub.Export(spans(span(1), Span(name="no ids"), span(2), Span(span_id=b"12345678")), timeout=10)
    assert answer.partial_success.rejected_spans == 2
    assert "16-byte trace id" in answer.partial_success.error_message
    account = flow.account(Signal.TRACES)
    assert (account.received, account.counted, account.rejected) == (4, 2, 2)


def test_many_rejected_spans_are_a_small_answer(flow: Flow, channel: grpc.Channel) -> None:
    body = spans(*(Span(name="no ids") for _ in range(100_000))).SerializeToString()
    answer = send(channel, TRACES, body)
    assert ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans == 100_000
    assert len(answer) < 4 * KIBIBYTE
    assert flow.account(Signal.TRACES).rejected == 100_000


def test_a_missing_service_name_is_a_warning_with_nothing_rejected(
    flow: Flow, log_stub: LogsServiceStub, trace_stub: TraceServiceStub
) -> None:
    logged = log_stub.Export(logs(log(), service=""), timeout=10).partial_success
    traced = trace_stub.Export(spans(span(1), service=""), timeout=10).partial_success
    assert (logged.rejected_log_records, traced.rejected_spans) == (0, 0)
    assert "unknown_service" in logged.error_message
    assert "unknown_service" in traced.error_message
    assert flow.account(Signal.LOGS).counted == flow.account(Signal.TRACES).counted == 1


def test_parallel_exports_do_not_mix(flow: Flow, channel: grpc.Channel) -> None:
    """As many as ten Collectors with ten consumers each; every one gets the answer to its own request."""
    method = channel.unary_unary(
        TRACES,
        request_serializer=ExportTraceServiceRequest.SerializeToString,
        response_deserializer=ExportTraceServiceResponse.FromString,
    )
    begun = time.monotonic()
    calls = {
        number: method.future(spans(span(number), *(Span(name="no ids") for _ in range(number))), timeout=30)
        for number in range(100)
    }
    for number, call in calls.items():
        assert call.result().partial_success.rejected_spans == number
    assert time.monotonic() - begun < 20
    account = flow.account(Signal.TRACES)
    assert (account.received, account.counted, account.rejected) == (5050, 100, 4950)


class TestOverload:
    """A full inbox is told with UNAVAILABLE and a delay, and nothing refused is counted."""

    ROOM = 8 * KIBIBYTE

    @pytest.fixture
    def flow(self) -> Iterator[Flow]:
        with Flow(OtlpConfig(max_pending_bytes=self.ROOM), started=False) as flow:
            yield flow

    def body(self, records: int) -> bytes:
        """Never the same twice, because the same batch again is a duplicate; nearly always of one length."""
        return logs(*(log("x" * 100) for _ in range(records))).SerializeToString()

    def test_the_sender_is_told_when_to_come_back_and_then_may(self, flow: Flow, channel: grpc.Channel) -> None:
        accepted = 0
        while (call := attempt(channel, LOGS, self.body(10))) is None:
            accepted += 1
        assert accepted == self.ROOM // len(self.body(10))
        assert call.code() is grpc.StatusCode.UNAVAILABLE
        delay = detail(call, RetryInfo)
        assert isinstance(delay, RetryInfo)
        assert 0.1 <= delay.retry_delay.ToTimedelta().total_seconds() <= 60
        refused_traces = refusal(channel, TRACES, spans(*map(span, range(50)), Span()).SerializeToString())
        assert refused_traces.code() is grpc.StatusCode.UNAVAILABLE
        waiting = flow.ledger.account(Signal.LOGS)
        assert (waiting.received, waiting.pending, waiting.balanced) == (10 * accepted, 10 * accepted, True)
        flow.start_pipeline()
        assert flow.account(Signal.LOGS).counted == 10 * accepted
        assert send(channel, LOGS, self.body(10)) == b""
        assert flow.account(Signal.LOGS).counted == 10 * accepted + 10
        assert flow.account(Signal.TRACES).received == 0

    def test_counts_reconcile_between_many_impatient_senders(self, flow: Flow, channel: grpc.Channel) -> None:
        flow.start_pipeline()

        def hurry() -> int:
            refusals = [call for _ in range(30) if (call := attempt(channel, LOGS, self.body(20))) is not None]
            assert {call.code() for call in refusals} <= {grpc.StatusCode.UNAVAILABLE}
            return 30 - len(refusals)

        with ThreadPoolExecutor(8) as threads:
            accepted = sum(done.result() for done in [threads.submit(hurry) for _ in range(8)])
        assert accepted > 0
        account = flow.account(Signal.LOGS)
        assert account.received == account.counted == 20 * accepted

    def test_a_request_larger_than_all_room_fits_when_there_is_nothing_else(
        self, flow: Flow, channel: grpc.Channel
    ) -> None:
        body = logs(log("x" * 5 * self.ROOM)).SerializeToString()
        assert send(channel, LOGS, body) == b""
        assert refusal(channel, LOGS, body).code() is grpc.StatusCode.UNAVAILABLE
