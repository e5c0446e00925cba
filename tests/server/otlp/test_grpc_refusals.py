"""What the gRPC door does not take: why, as it is counted, and what it must not be mistaken for."""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import ClassVar, cast

import grpc
import pytest
from google.protobuf.message import Message
from grpc_status import rpc_status

from clients.conformance.http2 import Http2Connection
from server.inbox import Inbox
from server.intake import Intake
from server.ledger import Ledger, Signal
from server.otlp.content_coding import Coding, sniff
from server.otlp.grpc_door import OtlpGrpcDoor
from tests.running_server import wait_until
from tests.server.flow import Flow
from tests.server.otlp.calls import refusal, send
from tests.server.otlp.messages import LOGS, TRACES, log, logs, span, spans


@dataclass(slots=True)
class Counting:
    """A door by itself that takes up to `LIMIT` bytes."""

    LIMIT: ClassVar[int] = 2000
    address: str
    counted: Counter[tuple[str, str]]


@pytest.fixture
def counting() -> Iterator[Counting]:
    counted: Counter[tuple[str, str]] = Counter()
    ledger = Ledger()
    door = OtlpGrpcDoor(
        Intake(Inbox(1000, ledger), ledger),
        "127.0.0.1:0",
        Counting.LIMIT,
        count=lambda *what: counted.update([what]),
    )
    yield Counting(door.start(), counted)
    door.stop(0)


def test_refusals_are_counted_by_reason(counting: Counting) -> None:
    with grpc.insecure_channel(counting.address) as channel:
        assert refusal(channel, LOGS, b"\xff").code() is grpc.StatusCode.INVALID_ARGUMENT
        large = logs(log("x" * 3000)).SerializeToString()
        assert refusal(channel, LOGS, large, grpc.Compression.Gzip).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        body = logs(log("x" * 600)).SerializeToString()
        send(channel, LOGS, body)
        assert refusal(channel, LOGS, body).code() is grpc.StatusCode.UNAVAILABLE
    assert counting.counted == {("otlp.grpc", reason): 1 for reason in ("invalid", "too_large", "overloaded")}


@pytest.mark.parametrize(("size", "reason"), [(Counting.LIMIT + 1, "too_large"), (9 * Counting.LIMIT, "unread")])
def test_what_is_too_large_as_it_comes_is_counted(counting: Counting, size: int, reason: str) -> None:
    """Much too large, it is gRPC that refuses it."""
    with grpc.insecure_channel(counting.address) as channel:
        call = refusal(channel, LOGS, bytes(size))
    assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert rpc_status.from_call(call) is None
    wait_until(lambda: counting.counted == {("otlp.grpc", reason): 1}, 10, lambda: str(counting.counted))


def test_a_coding_that_grpc_does_not_know_is_counted(counting: Counting) -> None:
    with Http2Connection(counting.address) as connection:
        assert connection.call(LOGS, counting.address, "zstd", b"whatever")["grpc-status"] == "13"
    wait_until(lambda: counting.counted == {("otlp.grpc", "unread"): 1}, 10, lambda: str(counting.counted))


def test_who_hangs_up_before_the_message_is_there_is_counted(counting: Counting) -> None:
    with grpc.insecure_channel(counting.address) as channel:
        streaming: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(LOGS)
        held = Event()

        def messages() -> Iterator[bytes]:
            held.wait(10)
            yield from ()

        call = streaming.future(messages(), timeout=0.3)
        assert call.exception() is not None
        held.set()
    wait_until(lambda: counting.counted == {("otlp.grpc", "unread"): 1}, 10, lambda: str(counting.counted))


def test_no_message_at_all_is_no_request(counting: Counting) -> None:
    with grpc.insecure_channel(counting.address) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.stream_unary(LOGS)(iter(()), timeout=10)
    assert cast(grpc.Call, raised.value).code() is grpc.StatusCode.UNIMPLEMENTED
    assert counting.counted == {("otlp.grpc", "unread"): 1}


LATER = b"\x78\x9c\x01"


@pytest.mark.parametrize(("method", "request_"), [(LOGS, logs(log("paid"))), (TRACES, spans(span(1)))])
def test_a_field_of_later_days_is_not_taken_for_compression(
    flow: Flow, channel: grpc.Channel, method: str, request_: Message
) -> None:
    """Field 15 as a number begins as the zlib format does."""
    assert sniff(LATER) is Coding.DEFLATE
    assert send(channel, method, LATER + request_.SerializeToString()) == b""
    assert flow.account(Signal.LOGS).counted + flow.account(Signal.TRACES).counted == 1


@pytest.mark.parametrize(
    "broken",
    [LATER, LATER + b"\x0a\x00", zlib.compress(logs(log()).SerializeToString())[:-1]],
    ids=["begun", "begun wrongly", "cut short"],
)
def test_broken_compression_is_not_taken_for_a_request(flow: Flow, channel: grpc.Channel, broken: bytes) -> None:
    call = refusal(channel, LOGS, broken)
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "decompressed as deflate" in (call.details() or "")
    assert flow.account(Signal.LOGS).received == 0
