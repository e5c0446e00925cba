"""OTLP/HTTP as the specification has it."""

import gzip
import json
import logging
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.rpc.code_pb2 import Code
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.conformance.codings import COMPRESS
from server.config import OtlpConfig
from server.inbox import Inbox
from server.intake import Intake, Outcome
from server.ledger import Ledger, Signal
from server.otlp.content_coding import Compressed
from server.otlp.http_door import OtlpHttpDoor
from server.otlp.refusal_reason import RefusalReason
from tests.server.flow import Flow
from tests.server.otlp.messages import log, logs, span, spans
from tests.server.otlp_http.conftest import OpenDoor
from tests.server.otlp_http.sender import JSON, LOGS, PROTOBUF, TRACES, RetryInfo, Sender

JSON_LOGS = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "a line"}}, {}]}]}]}'
JSON_LOGS_OF_CART = JSON_LOGS.replace(
    b'{"scopeLogs"',
    b'{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]}, "scopeLogs"',
)


def test_full_success_in_protobuf_is_an_empty_answer(flow: Flow, sender: Sender) -> None:
    logged = sender.post(LOGS, logs(log(), log()).SerializeToString())
    traced = sender.post(TRACES, spans(span(1), span(2), span(3)).SerializeToString())
    for answer in (logged, traced):
        assert (answer.code, answer.content_type, answer.body) == (200, PROTOBUF, b"")
    assert flow.account(Signal.LOGS).counted == 2
    assert flow.account(Signal.TRACES).counted == 3


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_answered_in_json(flow: Flow, sender: Sender, content_type: str) -> None:
    answer = sender.post(LOGS, JSON_LOGS_OF_CART, content_type)
    assert (answer.code, answer.content_type, answer.body) == (200, JSON, b"{}")
    assert flow.account(Signal.LOGS).counted == 2


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"", PROTOBUF), (logs().SerializeToString(), PROTOBUF), (b"{}", JSON)]
)
def test_nothing_is_success(flow: Flow, sender: Sender, body: bytes, content_type: str) -> None:
    for path in (LOGS, TRACES):
        assert sender.post(path, body, content_type).code == 200
    assert flow.account(Signal.LOGS).received == flow.account(Signal.TRACES).received == 0


def test_partial_success_is_200_in_both_encodings(flow: Flow, sender: Sender) -> None:
    body = spans(span(1), Span(name="no ids"), Span(span_id=b"12345678")).SerializeToString()
    answer = sender.post(TRACES, body)
    assert answer.code == 200
    partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert partial.rejected_spans == 2
    assert "16-byte trace id" in partial.error_message
    answer = sender.post(TRACES, b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "no ids"}]}]}]}', JSON)
    assert answer.code == 200
    assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"
    account = flow.account(Signal.TRACES)
    assert (account.received, account.counted, account.rejected) == (4, 1, 3)


def test_a_missing_service_name_is_a_warning(flow: Flow, sender: Sender) -> None:
    answer = sender.post(LOGS, logs(log(), service="").SerializeToString())
    partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
    assert (answer.code, partial.rejected_log_records) == (200, 0)
    assert "unknown_service" in partial.error_message
    assert flow.account(Signal.LOGS).counted == 1


@pytest.mark.parametrize("coding", ["", "identity", "gzip", "GZIP", "x-gzip", "deflate", "raw deflate", "zstd"])
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_compressed_or_not_it_means_the_same(flow: Flow, sender: Sender, coding: str, content_type: str) -> None:
    plain = logs(log("one"), log("two")).SerializeToString() if content_type == PROTOBUF else JSON_LOGS_OF_CART
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "GZIP": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "raw deflate": lambda data: zlib.compress(data)[2:-4],
        "zstd": COMPRESS["zstd"],
    }
    headers = {"Content_Encoding": coding.removeprefix("raw ")} if coding else {}
    answer = sender.post(LOGS, compress.get(coding, bytes)(plain), content_type, **headers)
    assert answer.code == 200, answer.body
    assert flow.account(Signal.LOGS).counted == 2


def test_unknown_fields_are_ignored(flow: Flow, sender: Sender) -> None:
    assert sender.post(LOGS, logs(log()).SerializeToString() + b"\xfa\x3f\x05later").code == 200
    assert flow.account(Signal.LOGS).counted == 1


@pytest.mark.parametrize(
    ("body", "content_type", "coding"),
    [
        (b"\xff\xff", PROTOBUF, ""),
        (b"\x0a\x7fcut short", PROTOBUF, ""),
        (b"", JSON, ""),
        (b"{", JSON, ""),
        (b"[]", JSON, ""),
        (b"\xff{}", JSON, ""),
        (b"no gzip", PROTOBUF, "gzip"),
        (gzip.compress(b"cut" * 99)[:-9], PROTOBUF, "gzip"),
        (gzip.compress(b"") + b"garbage", JSON, "gzip"),
        (b"no zstd", PROTOBUF, "zstd"),
        (COMPRESS["zstd"](b"cut" * 99)[:-3], JSON, "zstd"),
        (b"\x78\x9cno deflate", PROTOBUF, "deflate"),
    ],
    # Not the bytes: gzip has the time in them, and every process of a test run must come to the same names.
    ids=[
        *("no protobuf", "protobuf cut short", "nothing", "JSON cut short", "no object", "no UTF-8", "no gzip"),
        *("gzip cut short", "more than gzip", "no zstd", "zstd cut short", "no deflate"),
    ],
)
def test_what_can_t_be_read_is_400_and_names_the_body(
    refusing: Sender, body: bytes, content_type: str, coding: str
) -> None:
    for path in (LOGS, TRACES):
        answer = refusing.post(path, body, content_type, **({"Content_Encoding": coding} if coding else {}))
        assert (answer.code, answer.content_type) == (400, content_type)
        assert answer.status().code == Code.INVALID_ARGUMENT
        assert list(answer.violations()) == ["body"]


class TestNotServed:
    """Whatever is refused has a Status in the caller's encoding, and nobody is told to come back."""

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    @pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
    def test_other_methods(self, refusing: Sender, method: str, content_type: str) -> None:
        answer = refusing.request(method, LOGS, {"Content-Type": content_type})
        assert (answer.code, answer.headers["allow"], answer.content_type) == (405, "POST", content_type)
        assert method in answer.status().message

    def test_head_has_no_body(self, refusing: Sender) -> None:
        answer = refusing.request("HEAD", LOGS, {})
        assert (answer.code, answer.body) == (405, b"")

    @pytest.mark.parametrize(
        "path", ["/", "/v1/metrics", "/v1/logs/", "/V1/logs", "/v1/%00", "/v1development/profiles"]
    )
    def test_other_paths(self, refusing: Sender, path: str) -> None:
        for content_type in (PROTOBUF, JSON):
            answer = refusing.post(path, b"", content_type)
            assert (answer.code, answer.content_type) == (404, content_type)
            assert "/v1/logs" in answer.status().message

    def test_a_host_that_is_nonsense_changes_nothing(self, refusing: Sender) -> None:
        for path, code in ((LOGS, 200), ("/elsewhere", 404)):
            assert refusing.post(path, b"", Host="[::").code == code

    @pytest.mark.parametrize("content_type", ["text/plain", "application/grpc", "application/protobuf", ""])
    def test_other_content_types(self, refusing: Sender, content_type: str) -> None:
        answer = refusing.post(LOGS, logs(log()).SerializeToString(), content_type)
        assert (answer.code, answer.content_type) == (415, JSON)
        assert PROTOBUF in answer.status().message

    @pytest.mark.parametrize("coding", ["br", "snappy", "gzip, gzip", "lz4"])
    def test_other_codings(self, refusing: Sender, coding: str) -> None:
        answer = refusing.post(LOGS, b"", Content_Encoding=coding)
        assert (answer.code, answer.content_type) == (415, PROTOBUF)
        assert "gzip" in answer.headers["accept-encoding"]
        assert coding in answer.status().message

    def test_the_connection_goes_on_behind_a_body_that_was_not_read(self, flow: Flow, sender: Sender) -> None:
        with sender.connection() as connection:
            for content_type, code in (("text/plain", 415), (PROTOBUF, 200)):
                body = logs(log("x" * 200_000)).SerializeToString()
                connection.request("POST", LOGS, body, {"Content-Type": content_type})
                assert sender.answer(connection).code == code
        assert flow.account(Signal.LOGS).counted == 1


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_pages_of_other_sites_may_not_send(refusing: Sender, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": JSON, "Access-Control-Request-Method": "POST"}
    answer = refusing.request(method, LOGS, headers, b"{}")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_parallel_requests_do_not_mix(flow: Flow, sender: Sender) -> None:
    def send(number: int) -> int:
        body = spans(span(number), *(Span(name="no ids") for _ in range(number))).SerializeToString()
        answer = sender.post(TRACES, body)
        assert answer.code == 200
        return ExportTraceServiceResponse.FromString(answer.body).partial_success.rejected_spans

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(send, range(60))) == list(range(60))
    account = flow.account(Signal.TRACES)
    assert (account.counted, account.rejected) == (60, sum(range(60)))


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_overload_is_503_with_the_time_to_come_back(open_door: OpenDoor, content_type: str) -> None:
    flow, sender = open_door(OtlpConfig(max_pending_bytes=2048), started=False)
    if content_type == PROTOBUF:
        body = logs(*(log(f"{number} {'x' * 90}") for number in range(10))).SerializeToString()
    else:
        body = JSON_LOGS_OF_CART.replace(b"a line", b"x" * 1000)
    accepted = 0
    while (answer := sender.post(LOGS, body, content_type)).code == 200:
        accepted += 1
        assert accepted < 5
    assert accepted
    assert (answer.code, answer.content_type) == (503, content_type)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.status().code == Code.UNAVAILABLE
    assert answer.status().details[0].Is(RetryInfo.DESCRIPTOR)
    received = flow.ledger.account(Signal.LOGS).received
    flow.start_pipeline()
    assert flow.account(Signal.LOGS).received == received
    assert sender.post(LOGS, body, content_type).code == 200


def test_refusals_are_counted_by_reason() -> None:
    counted: Counter[str] = Counter()

    def count(door: str, reason: str) -> None:
        assert door == "otlp.http"
        counted[reason] += 1

    ledger = Ledger()
    door = OtlpHttpDoor(_BrokenForTraces(Inbox(1000, ledger), ledger), "127.0.0.1:0", 2000, count=count)
    sender = Sender(door.start())
    body = logs(log("x" * 600)).SerializeToString()
    try:
        answers = [
            sender.post(LOGS, body),
            sender.post(LOGS, b"\xff"),
            sender.post(LOGS, gzip.compress(bytes(9000)), Content_Encoding="gzip"),
            sender.post(LOGS, bytes(9000)),
            sender.post(LOGS, body),
            sender.post(LOGS, body, Content_Encoding="br"),
            sender.post(LOGS, body, "text/plain"),
            sender.post("/v1/anything-at-all", body),
            sender.request("GET", LOGS, {}),
            sender.post(TRACES, b""),
        ]
    finally:
        door.stop(1)
    assert [answer.code for answer in answers] == [200, 400, 413, 413, 503, 415, 415, 404, 405, 500]
    others = {RefusalReason.TOO_LARGE, RefusalReason.GONE, RefusalReason.UNREAD, RefusalReason.CREDENTIALS}
    once = set(RefusalReason) - others
    assert counted == {RefusalReason.TOO_LARGE: 2} | dict.fromkeys(once, 1)


class _BrokenForTraces(Intake):
    """A bug in one of the two."""

    def traces(self, body: bytes, compressed: Compressed | None = None) -> Outcome:
        raise RuntimeError


class _BrokenIntake(Intake):
    """What a bug behind the door would look like."""

    def logs(self, body: bytes, compressed: Compressed | None = None) -> Outcome:
        raise RuntimeError("secret detail")


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_a_fault_of_ours_is_logged_and_not_told(
    flow: Flow, caplog: pytest.LogCaptureFixture, content_type: str
) -> None:
    door = OtlpHttpDoor(_BrokenIntake(flow.inbox, flow.ledger), "127.0.0.1:0", 2**20)
    sender = Sender(door.start())
    try:
        with caplog.at_level(logging.ERROR):
            answer = sender.post(LOGS, b"{}" if content_type == JSON else b"", content_type)
            assert sender.post(TRACES, b"").code == 200
    finally:
        door.stop(1)
    assert (answer.code, answer.content_type, answer.status().code) == (500, content_type, Code.INTERNAL)
    assert b"secret" not in answer.body
    assert "secret detail" in caplog.text
