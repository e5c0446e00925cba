"""Records nobody should send: each is counted, has a time and a text, and takes nothing else down with it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from prometheus_client import generate_latest

from analyzers.summary import ServiceSummary
from server.ledger import Signal
from tests.server.flow import Flow
from tests.server.otlp.messages import log, logs, span, spans

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def nested(depth: int) -> AnyValue:
    value = text("leaf")
    for _ in range(depth):
        value = AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="in", value=value)]))
    return value


@dataclass(frozen=True, slots=True)
class Odd:
    """A record, how many it counts as, and which counters it moves."""

    make: Callable[[int], LogRecord]
    counts: int = 1
    mended: tuple[str, ...] = ()
    truncated: int = 0
    # Of its body as shown with its template; None where that is another test's matter.
    shown: str | None = None


def bodied(value: AnyValue | None) -> Callable[[int], LogRecord]:
    return lambda now: LogRecord(time_unix_nano=now, body=value)


ODD = {
    "no time at all": Odd(lambda now: LogRecord(body=text("x")), mended=("missing",)),
    "only observed": Odd(lambda now: LogRecord(observed_time_unix_nano=now, body=text("x")), mended=("missing",)),
    "seconds, not nanoseconds": Odd(
        lambda now: LogRecord(time_unix_nano=now // SECOND, body=text("x")), mended=("absurd",)
    ),
    "the year 1754": Odd(lambda now: LogRecord(time_unix_nano=2**64 - 6_795_364_578_871_345_152), mended=("absurd",)),
    "the largest number": Odd(lambda now: LogRecord(time_unix_nano=2**64 - 1), mended=("absurd",)),
    "the largest signed number": Odd(lambda now: LogRecord(time_unix_nano=2**63 - 1), mended=("future",)),
    "tomorrow": Odd(lambda now: LogRecord(time_unix_nano=now + 24 * HOUR, body=text("x")), mended=("future",)),
    "observed tomorrow": Odd(
        lambda now: LogRecord(observed_time_unix_nano=now + 24 * HOUR), mended=("missing", "future")
    ),
    "no body": Odd(bodied(None), shown=""),
    "an empty value": Odd(bodied(AnyValue()), shown=""),
    "an empty text": Odd(bodied(text("")), shown=""),
    "a number": Odd(bodied(AnyValue(int_value=-(2**63))), shown="-9223372036854775808"),
    "not a number": Odd(bodied(AnyValue(double_value=float("nan"))), shown="NaN"),
    "infinity": Odd(bodied(AnyValue(double_value=float("inf"))), shown="Infinity"),
    "a truth": Odd(bodied(AnyValue(bool_value=True)), shown="true"),
    "bytes": Odd(bodied(AnyValue(bytes_value=b"\x00\xff" * 500)), shown="<1000 bytes>"),
    "a map": Odd(
        bodied(AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="msg", value=text("late"))]))),
        shown='{"msg":"late"}',
    ),
    "a map with a key twice": Odd(
        bodied(AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="a"), KeyValue(key="a", value=text("b"))]))),
        shown='{"a":"b"}',
    ),
    "a mixed list": Odd(
        bodied(AnyValue(array_value=ArrayValue(values=[text("a"), AnyValue(int_value=1), AnyValue()]))),
        shown='["a",1,null]',
    ),
    "a deep map": Odd(bodied(nested(30))),
    "megabytes": Odd(bodied(text("x" * (3 * 2**20))), truncated=1),
    "megabytes of lines": Odd(bodied(text("at Ledger.book(Ledger:88)\n" * 100_000)), truncated=1),
    "control characters": Odd(bodied(text("\x00\x1b[31m\r\n\u202e"))),
    "half a smiley's worth of planes": Odd(bodied(text("🙂" * 1000))),
    "a severity that is none": Odd(lambda now: LogRecord(time_unix_nano=now, severity_number=99)),  # type: ignore[arg-type]
    "a negative severity": Odd(lambda now: LogRecord(time_unix_nano=now, severity_number=-5)),  # type: ignore[arg-type]
    "short ids": Odd(lambda now: LogRecord(time_unix_nano=now, trace_id=b"1", span_id=b"2" * 99)),
    "five hundred in one": Odd(
        lambda now: LogRecord(
            time_unix_nano=now, attributes=[KeyValue(key="log_count", value=AnyValue(int_value=500))]
        ),
        counts=500,
    ),
    "a count in words": Odd(
        lambda now: LogRecord(time_unix_nano=now, attributes=[KeyValue(key="log_count", value=text("many"))])
    ),
}


def metric(flow: Flow, name: str) -> float:
    lines = generate_latest(flow.metrics.registry).decode().splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def counted(flow: Flow, service: str) -> ServiceSummary:
    start, end = flow.engine.held()
    summary = flow.engine.summary(start, end)
    assert summary is not None
    return next(seen for key, seen in summary.services.items() if key.name == service)


@pytest.fixture
def log_stub(channel: grpc.Channel) -> LogsServiceStub:
    return LogsServiceStub(channel)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_record_is_counted_with_its_neighbours(name: str, flow: Flow, log_stub: LogsServiceStub) -> None:
    odd, now = ODD[name], time.time_ns()
    answer = log_stub.Export(logs(log("before"), odd.make(now), log("after"), service="odd"), timeout=10)
    assert not answer.HasField("partial_success")
    log_stub.Export(logs(log("later")), timeout=10)
    account = flow.account(Signal.LOGS)
    assert (account.received, account.counted, account.dropped, account.late) == (3 + odd.counts, 3 + odd.counts, {}, 0)
    assert counted(flow, "odd").records == 2 + odd.counts
    assert counted(flow, "cart").records == 1
    assert metric(flow, "hypocenter_pipeline_failures_total") == 0
    assert metric(flow, "hypocenter_truncated_bodies_total") == odd.truncated
    for fault in ("missing", "absurd", "future"):
        moved = metric(flow, f'hypocenter_mended_times_total{{fault="{fault}"}}')
        assert moved == (fault in odd.mended), fault
    if odd.shown is not None:
        bodies = [item.body for found in counted(flow, "odd").templates.values() for item in found.exemplars]
        assert odd.shown in bodies
    # No clock of anybody else may drag the watermark of all.
    assert flow.engine.timeline.newest_unix_nano <= time.time_ns()


def test_a_record_from_the_far_past_holds_nothing_up(flow: Flow, log_stub: LogsServiceStub) -> None:
    log_stub.Export(logs(log("old", at=1_000_000_000 * SECOND), service="old"), timeout=10)
    log_stub.Export(logs(log("now")), timeout=10)
    account = flow.account(Signal.LOGS)
    assert (account.received, account.counted) == (2, 2)
    begun = time.process_time()
    list(flow.engine.close_ready())
    assert time.process_time() - begun < 1


def test_odd_spans_are_counted(flow: Flow, channel: grpc.Channel) -> None:
    now = time.time_ns()
    ids = [(number.to_bytes(16, "big"), number.to_bytes(8, "big")) for number in range(1, 9)]
    odd = [
        Span(trace_id=ids[0][0], span_id=ids[0][1]),
        Span(trace_id=ids[1][0], span_id=ids[1][1], end_time_unix_nano=now),
        Span(trace_id=ids[2][0], span_id=ids[2][1], start_time_unix_nano=now, end_time_unix_nano=now - SECOND),
        Span(trace_id=ids[3][0], span_id=ids[3][1], start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1),
        Span(
            trace_id=ids[4][0],
            span_id=ids[4][1],
            parent_span_id=ids[4][1],
            name="its own parent",
            end_time_unix_nano=now,
        ),
        Span(
            trace_id=ids[5][0], span_id=ids[5][1], parent_span_id=b"short", name="x" * 100_000, end_time_unix_nano=now
        ),
        Span(trace_id=ids[6][0], span_id=ids[6][1], kind=77, status=Status(code=9), end_time_unix_nano=now),  # type: ignore[arg-type]
        Span(trace_id=ids[7][0], span_id=ids[7][1], start_time_unix_nano=1, end_time_unix_nano=now),
    ]
    TraceServiceStub(channel).Export(spans(*odd, span(100)), timeout=10)  # type: ignore[no-untyped-call]
    account = flow.account(Signal.TRACES)
    assert (account.received, account.counted, account.rejected, account.dropped) == (9, 9, 0, {})
    flow.pipeline.finish()
    assert counted(flow, "cart").spans == 9
    assert metric(flow, "hypocenter_pipeline_failures_total") == 0


values = st.recursive(
    st.one_of(
        st.builds(AnyValue),
        st.builds(AnyValue, string_value=st.text(max_size=50)),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=50)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: AnyValue(array_value=ArrayValue(values=items))),
        st.lists(st.builds(KeyValue, key=st.text(max_size=9), value=inner), max_size=4).map(
            lambda items: AnyValue(kvlist_value=KeyValueList(values=items))
        ),
    ),
    max_leaves=12,
)
records = st.builds(
    LogRecord,
    time_unix_nano=st.integers(0, 2**64 - 1),
    observed_time_unix_nano=st.integers(0, 2**64 - 1),
    severity_number=st.integers(-(2**31), 2**31 - 1),
    severity_text=st.text(max_size=9),
    body=values,
    attributes=st.lists(
        st.builds(
            KeyValue, key=st.sampled_from(["log_count", "log.record.template", "exception.type", "other"]), value=values
        ),
        max_size=3,
    ),
    trace_id=st.binary(max_size=20),
    span_id=st.binary(max_size=20),
)


@given(st.lists(records, max_size=8))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_protobuf_can_hold_is_counted_as_received(
    flow: Flow, log_stub: LogsServiceStub, found: list[LogRecord]
) -> None:
    log_stub.Export(logs(*found), timeout=10)
    account = flow.account(Signal.LOGS)
    assert (account.counted, account.dropped) == (account.received, {})
    assert metric(flow, "hypocenter_pipeline_failures_total") == 0
