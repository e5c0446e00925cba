"""Rows arrive as they were recorded, and answers are treated as OTLP says."""

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from hypocenter.client.testing import Failure
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.replay import (
    Case,
    LogRow,
    OtlpSender,
    Pace,
    Patience,
    SendError,
    SpanRow,
    Totals,
    lay_out,
    read_case,
    replay,
    to_otlp_requests,
)
from clients.replay.case import make_case
from clients.replay.sink import OtlpSink

WriteCase = Callable[..., Path]
START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(sink: OtlpSink) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(sink.address) as channel:
        yield channel


@pytest.fixture
def sender(channel: grpc.Channel, clock: FakeClock) -> OtlpSender:
    return OtlpSender(channel, clock=clock)


def logs(count: int) -> Case:
    return make_case([], [LogRow(START + number * SECOND, "cart", f"log {number}") for number in range(count)], [])


def run(case: Case, sender: OtlpSender, **options: int) -> Totals:
    return replay(to_otlp_requests(case, **options), sender, Pace(None, 0, FakeClock()))


def failure(code: grpc.StatusCode, delay: float | None = None) -> Failure:
    if delay is None:
        return Failure(code, "no")
    return Failure(code, "no", (error_details_pb2.RetryInfo(retry_delay=Duration(nanos=int(delay * 1e9))),))


def test_rows_become_otlp_as_the_format_says(sink: OtlpSink, sender: OtlpSender) -> None:
    row = LogRow(
        time_unix_nano=0,
        observed_time_unix_nano=START,
        service="cart",
        pod="cart-1",
        scope="Cart#12",
        severity_text="ERROR",
        severity_number=17,
        body={"k": [1, 2.5, True, None, 2**70]},
        trace_id="ab" * 16,
        span_id="cd" * 8,
        attributes={"a": "b\ud800"},
        exception_type="TimeoutError",
    )
    span = SpanRow("ab" * 16, "cd" * 8, "op", "cart", START, START + 1, kind=2, status_code=2, status_message="boom")
    totals = run(make_case([], [row], [span]), sender)
    assert (totals.logs.sent, totals.spans.sent, totals.rejected) == (1, 1, 0)
    export = next(e for e in sink.exports if isinstance(e, ExportLogsServiceRequest))
    (group,) = export.resource_logs
    assert {a.key: a.value.string_value for a in group.resource.attributes} == {
        "service.name": "cart",
        "k8s.pod.name": "cart-1",
    }
    assert group.scope_logs[0].scope.name == "Cart#12"
    expected = LogRecord(
        observed_time_unix_nano=START,
        severity_text="ERROR",
        severity_number=17,  # type: ignore[arg-type]
        trace_id=b"\xab" * 16,
        span_id=b"\xcd" * 8,
    )
    values = expected.body.kvlist_value.values.add(key="k").value.array_value.values
    values.extend(
        [
            AnyValue(int_value=1),
            AnyValue(double_value=2.5),
            AnyValue(bool_value=True),
            AnyValue(),
            AnyValue(string_value=str(2**70)),
        ]
    )
    expected.attributes.add(key="a", value=AnyValue(string_value="b?"))
    expected.attributes.add(key="exception.type", value=AnyValue(string_value="TimeoutError"))
    assert sink.log_records() == [expected]
    (sent,) = sink.spans()
    assert (sent.kind, sent.status.code, sent.status.message) == (Span.SPAN_KIND_SERVER, 2, "boom")
    assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (START, START + 1)


def test_a_deep_value_arrives_readable(sink: OtlpSink, sender: OtlpSender) -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    run(make_case([], [LogRow(START, "cart", deep)], []), sender)  # type: ignore[arg-type]
    assert "[[[" in str(sink.log_records()[0].body)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.DATA_LOSS,
    ],
)
def test_a_retryable_answer_is_tried_again(
    sink: OtlpSink, sender: OtlpSender, clock: FakeClock, code: grpc.StatusCode
) -> None:
    sink.answers.extend([failure(code), failure(code)])
    totals = run(logs(3), sender)
    assert (totals.logs.sent, totals.rejected, totals.retries, len(clock.sleeps)) == (3, 0, 2, 2)
    assert len(sink.log_records()) == 3


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_the_stated_delay_is_waited(
    sink: OtlpSink, sender: OtlpSender, clock: FakeClock, code: grpc.StatusCode
) -> None:
    sink.answers.append(failure(code, 0.7))
    assert run(logs(1), sender).retries == 1
    assert clock.sleeps == [pytest.approx(0.7)]


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL]
)
def test_a_refused_batch_is_counted_and_the_next_one_sent(
    sink: OtlpSink, sender: OtlpSender, clock: FakeClock, code: grpc.StatusCode
) -> None:
    sink.answers.append(failure(code))
    totals = run(logs(10), sender, batch_size=4)
    assert (totals.logs.sent, totals.logs.rejected, totals.retries) == (10, 4, 0)
    assert totals.messages == {f"{code.name}: no": 1}
    assert clock.sleeps == []
    assert len(sink.log_records()) == 6


def test_a_partial_success_is_counted_and_never_sent_again(sink: OtlpSink, sender: OtlpSender) -> None:
    partial = ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
    sink.answers.append(ExportLogsServiceResponse(partial_success=partial))
    totals = run(logs(4), sender)
    assert (totals.logs.sent, totals.logs.rejected, totals.retries) == (4, 2, 0)
    assert totals.messages == {"too old": 1}
    assert len(sink.exports) == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAUTHENTICATED])
def test_an_endpoint_that_refuses_everything_stops_the_replay(
    sink: OtlpSink, sender: OtlpSender, code: grpc.StatusCode
) -> None:
    sink.answers.append(failure(code))
    with pytest.raises(SendError, match=code.name) as raised:
        run(logs(4), sender)
    assert not raised.value.unreachable


def test_nobody_there_is_said_soon(clock: FakeClock) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with grpc.insecure_channel(f"127.0.0.1:{held.getsockname()[1]}") as channel:
            sender = OtlpSender(channel, clock=clock, patience=Patience(connect_within=5))
            with pytest.raises(SendError, match="UNAVAILABLE") as raised:
                run(logs(1), sender)
    assert raised.value.unreachable
    assert clock.time <= 5


def test_after_a_first_answer_an_outage_is_sat_out(sink: OtlpSink, channel: grpc.Channel, clock: FakeClock) -> None:
    sender = OtlpSender(channel, clock=clock, patience=Patience(connect_within=1, retry_within=60))
    run(logs(1), sender)
    sink.answers.extend([failure(grpc.StatusCode.UNAVAILABLE)] * 8)
    assert run(logs(1), sender).retries == 8
    assert clock.time > 1


def test_packed_requests_and_tokens_arrive(sink: OtlpSink, channel: grpc.Channel) -> None:
    run(logs(5), OtlpSender(channel, gzip=True, metadata=(("authorization", "Bearer t"),)))
    assert len(sink.log_records()) == 5
    assert sink.metadata[0]["authorization"] == "Bearer t"


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 9.0), (10.0, 0.9), (None, 0.0)])
def test_the_pace_is_that_of_the_recording(
    sink: OtlpSink, sender: OtlpSender, speed: float | None, seconds: float
) -> None:
    clock = FakeClock()
    replay(to_otlp_requests(logs(10), batch_size=1), sender, Pace(speed, START, clock))
    assert clock.time == pytest.approx(seconds)
    assert len(sink.log_records()) == 10


def test_a_folder_sent_before_ends_as_the_case_begins(sink: OtlpSink, sender: OtlpSender) -> None:
    case = logs(3)
    before = make_case([], [LogRow(START - 9000 * SECOND, "cart", "normal")], [])
    totals = Totals()
    for stretch in lay_out(case, before):
        totals = run(stretch.case, sender, shift_nano=stretch.shift_nano)
    assert totals.logs.sent == 3
    times = [record.time_unix_nano for record in sink.log_records()]
    assert times == [START - 1_000_000, START, START + SECOND, START + 2 * SECOND]


def test_a_hand_made_folder_arrives_whole(write_case: WriteCase, sink: OtlpSink, sender: OtlpSender) -> None:
    draw = random.Random(7)
    rows = [
        {"time_unix_nano": START + draw.randrange(60 * SECOND), "service": draw.choice("abc"), "body": str(n)}
        for n in range(1234)
    ]
    spans = [
        {
            "trace_id": f"{n:032x}",
            "span_id": f"{n:016x}",
            "name": "op",
            "service": draw.choice("abc"),
            "start_unix_nano": START + n,
            "end_unix_nano": START + draw.randrange(60 * SECOND),
        }
        for n in range(777)
    ]
    totals = run(read_case(write_case("case", rows, spans)), sender, shuffle_nano=5 * SECOND, seed=3)
    assert (totals.logs.sent, totals.spans.sent) == (1234, 777)
    assert sorted(int(r.body.string_value) for r in sink.log_records()) == list(range(1234))
    assert sorted(int.from_bytes(s.span_id) for s in sink.spans()) == list(range(777))


@pytest.mark.parametrize(
    "name",
    [
        "tt/normal_2023-01-29",
        "tt/normal_2023-01-30",
        "tt/2023-01-29_093419_ts-food-service_return",
        "tt/2023-01-30_115921_ts-basic-service_cpu_contention",
        "tt/2023-01-30_131543_ts-travel-service_network_delay",
        "ob/normal_2022-08-22",
        "ob/2022-08-23_132751_currencyservice_cpu_contention",
    ],
)
def test_a_recorded_case_arrives_whole(cases_dir: Path, sink: OtlpSink, sender: OtlpSender, name: str) -> None:
    folder = cases_dir / name
    if not folder.is_dir():
        pytest.skip(f"{cases_dir} does not hold {name}")
    case = read_case(folder)
    totals = run(case, sender)
    received, spans = sink.log_records(), sink.spans()
    assert (totals.logs.sent, totals.spans.sent) == (len(case.logs), len(case.spans)) == (len(received), len(spans))
    assert totals.rejected == 0
    first_span = min(span.start_unix_nano for span in case.spans)
    unknown = [record for record in received if not record.time_unix_nano]
    assert len(unknown) == sum(row.time_unix_nano == 0 for row in case.logs)
    assert all(record.observed_time_unix_nano == first_span and record.severity_number == 17 for record in unknown)
    # No case is longer than a few minutes: a zero time in its bounds would make it decades.
    assert 0 < totals.last_unix_nano - totals.first_unix_nano < 600 * SECOND
