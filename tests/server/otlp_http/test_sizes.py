"""Bodies in: each bounded, as it came and inflated, and all of them together."""

import gzip
import socket
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from google.rpc.code_pb2 import Code

from clients.conformance.codings import COMPRESS
from clients.conformance.samples import of_size
from server.config import OtlpConfig
from server.ledger import Signal
from tests.running_server import wait_until
from tests.server.flow import Flow
from tests.server.otlp.messages import log, logs
from tests.server.otlp_http.conftest import OpenDoor
from tests.server.otlp_http.sender import JSON, LOGS, PROTOBUF, Sender

LIMIT = 2**20


@pytest.fixture
def flow_and_sender(open_door: OpenDoor) -> tuple[Flow, Sender]:
    return open_door(OtlpConfig(max_message_bytes=LIMIT))


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "zstd"])
def test_up_to_the_limit_and_not_beyond(sender: Sender, coding: str) -> None:
    for size, code in ((LIMIT, 200), (LIMIT + 1, 413), (60 * LIMIT, 413)):
        body = COMPRESS[coding](of_size(size)) if coding else of_size(size)
        if not coding and size > 2 * LIMIT:
            continue
        answer = sender.post(LOGS, body, **({"Content_Encoding": coding} if coding else {}))
        assert (answer.code, answer.content_type) == (code, PROTOBUF)
        if code == 413:
            assert answer.status().code == Code.RESOURCE_EXHAUSTED
            assert str(LIMIT) in answer.status().message
            assert "retry-after" not in answer.headers


def test_a_body_that_does_not_say_how_long_it_is(sender: Sender) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        whole = of_size(count * 2**16)
        return (whole[at : at + 2**16] for at in range(0, len(whole), 2**16))

    for count, code in ((LIMIT // 2**16, 200), (LIMIT // 2**16 + 1, 413)):
        with sender.connection() as connection:
            connection.request("POST", LOGS, chunks(count), {"Content-Type": PROTOBUF}, encode_chunked=True)
            assert sender.answer(connection).code == code


def test_json_too_large_is_refused_in_json(sender: Sender) -> None:
    answer = sender.post(LOGS, b"{}" + b" " * LIMIT, JSON)
    assert (answer.code, answer.content_type) == (413, JSON)
    assert answer.status().message


def test_one_who_asks_first_need_not_send(sender: Sender) -> None:
    host, port = sender.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST {LOGS} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {LIMIT + 1}\r\n"
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer


@pytest.mark.parametrize("member", [gzip.compress(b""), COMPRESS["zstd"](b"")], ids=["gzip", "zstd"])
def test_very_many_empty_members_are_no_way_to_waste_our_time(sender: Sender, member: bytes) -> None:
    coding = "gzip" if member.startswith(b"\x1f") else "zstd"
    assert sender.post(LOGS, member * 900, Content_Encoding=coding).code == 200
    answer = sender.post(LOGS, member * (LIMIT // len(member)), Content_Encoding=coding)
    assert answer.code == 400
    assert "members" in answer.status().message


def test_members_one_after_the_other_are_one_body(flow: Flow, sender: Sender) -> None:
    body = logs(log("one"), log("two")).SerializeToString()
    for coding in ("gzip", "zstd"):
        parts = b"".join(COMPRESS[coding](body[at : at + 20]) for at in range(0, len(body), 20))
        assert sender.post(LOGS, parts, Content_Encoding=coding).code == 200
    assert flow.account(Signal.LOGS).received == 4


def test_a_zstd_window_that_is_too_large_is_refused(sender: Sender) -> None:
    # A frame header with a window of 128 MiB, then one raw block of nothing.
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([17 << 3]) + b"\x01\x00\x00"
    answer = sender.post(LOGS, frame, Content_Encoding="zstd")
    assert answer.code == 400
    assert "zstd" in answer.status().message


def test_who_hangs_up_leaves_nothing_behind(flow: Flow, sender: Sender) -> None:
    whole = of_size(LIMIT)
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(4):
                connection = stack.enter_context(sender.connection())
                connection.putrequest("POST", LOGS)
                connection.putheader("Content-Type", PROTOBUF)
                connection.putheader("Content-Length", str(LIMIT))
                connection.endheaders()
                connection.send(whole[:-2000])
    wait_until(lambda: sender.post(LOGS, whole).code == 200, 10, lambda: "the room did not come back")
    assert flow.account(Signal.LOGS).received == 0


def test_deflate_without_its_frame_is_bounded_too(sender: Sender) -> None:
    raw = zlib.compress(of_size(LIMIT + 1))[2:-4]
    assert sender.post(LOGS, raw, Content_Encoding="deflate").code == 413
