"""OTLP records and spans made by hand, and the traffic of a small system with faults; deterministic by seed.

frontend -> checkout -> payment, every request; `cron` logs and sends no spans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from analyzers.columns import LogBatch, SpanBatch
from analyzers.otlp import DecodeLimits, decode_logs, decode_spans
from analyzers.service import ServiceKey, service_key
from analyzers.summary import Summary
from analyzers.templates import TemplateMiner
from analyzers.timeline import Timeline, WindowSettings

SECOND = 1_000_000_000
MILLI = 1_000_000
# 2025-06-15 12:00:00 UTC, a multiple of every bucket width.
NOON = 1_749_988_800 * SECOND
DEBUG, INFO, WARN, ERROR, FATAL = 5, 9, 13, 17, 21
SERVER, CLIENT, PRODUCER, CONSUMER = (
    Span.SPAN_KIND_SERVER,
    Span.SPAN_KIND_CLIENT,
    Span.SPAN_KIND_PRODUCER,
    Span.SPAN_KIND_CONSUMER,
)
FRONTEND, CHECKOUT, PAYMENT, CRON, MAILER, LETTERS = (
    service_key(name) for name in ("frontend", "checkout", "payment", "cron", "mailer", "letters")
)
_CHAIN = ((FRONTEND, 3 * MILLI), (CHECKOUT, 6 * MILLI), (PAYMENT, 20 * MILLI))


def attribute(key: str, value: str | int) -> KeyValue:
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def resource(service: str = "payment", **others: str) -> Resource:
    """Underscores in the names of `others` stand for dots; an empty service leaves service.name out."""
    named = [attribute("service.name", service)] if service else []
    return Resource(attributes=[*named, *(attribute(key.replace("_", "."), value) for key, value in others.items())])


def record(
    body: str | AnyValue = "ready",
    at: int = NOON,
    severity: int = INFO,
    *,
    weight: int = 0,
    attributes: Mapping[str, str | int] | None = None,
) -> LogRecord:
    """`weight` is sent as the `log_count` of the Collector's log_dedup, unless it is 0."""
    sent = dict(attributes or {}) | ({"log_count": weight} if weight else {})
    return LogRecord(
        time_unix_nano=at,
        severity_number=severity,  # type: ignore[arg-type]
        body=AnyValue(string_value=body) if isinstance(body, str) else body,
        attributes=[attribute(key, value) for key, value in sent.items()],
    )


def log_groups(records: Iterable[LogRecord], source: Resource | None = None) -> list[ResourceLogs]:
    return [ResourceLogs(resource=source or resource(), scope_logs=[ScopeLogs(log_records=records)])]


def span_groups(spans: Iterable[Span], source: Resource | None = None) -> list[ResourceSpans]:
    return [ResourceSpans(resource=source or resource(), scope_spans=[ScopeSpans(spans=spans)])]


def log_batch(*groups: ResourceLogs, received: int = 0, limits: DecodeLimits | None = None) -> LogBatch:
    """Decoded as received just after the end of all that tests send, unless told otherwise."""
    return decode_logs(groups, received or NOON + 365 * 86_400 * SECOND, limits or DecodeLimits())


def span_batch(*groups: ResourceSpans, received: int = 0) -> SpanBatch:
    return decode_spans(groups, received or NOON + 365 * 86_400 * SECOND, DecodeLimits())


class Fault(Enum):
    NONE = auto()
    SLOW = auto()  # payment itself takes ten times as long
    LAG = auto()  # 150 ms between checkout and payment
    THROWING = auto()  # payment fails, its callers with it
    CUT_SHORT = auto()  # checkout gives up before it calls payment
    RETRIES = auto()  # checkout calls payment three times
    CHATTY = auto()  # payment logs one of its lines eight times over
    STOPPED = auto()  # payment does its work without its usual line, under another
    UNANSWERED = auto()  # checkout hears nothing from payment, which does its work
    HASTY = auto()  # checkout gives up on payment when half of the usual time is over
    SILENT = auto()  # nothing of anybody arrives
    UNREAD = auto()  # mailer takes no messages


@dataclass(slots=True)
class Slice:
    """What was sent in one second, in the order made."""

    logs: list[ResourceLogs] = field(default_factory=list)
    spans: list[ResourceSpans] = field(default_factory=list)

    def log(self, service: ServiceKey, *records: LogRecord) -> None:
        self.logs += log_groups(records, resource(service.name))

    def span(self, service: ServiceKey, *spans: Span) -> None:
        self.spans += span_groups(spans, resource(service.name))


def traffic(
    seconds: int,
    fault: Fault = Fault.NONE,
    *,
    start: int = NOON,
    load: int = 4,
    seed: int = 1,
    letters: bool = False,
) -> list[Slice]:
    """One slice a second, `load` requests in each. With `letters`, each request puts a message into a queue of that
    name, from which `mailer` takes it."""
    random = Random(f"{seed} {fault.name}")
    slices = []
    if fault is Fault.SILENT:
        return [Slice() for _ in range(seconds)]
    for second in range(seconds):
        made = Slice()
        for number in range(load):
            at = start + second * SECOND + number * SECOND // load
            _request(made, random, at, fault)
            if letters:
                _letter(made, at, fault)
            made.log(CRON, record(f"job {random.randrange(10_000)} swept {random.randrange(90)} rows", at))
        slices.append(made)
    return slices


def _request(made: Slice, random: Random, at: int, fault: Fault) -> None:
    trace_id = random.randbytes(16)
    own = [int(base * random.uniform(0.8, 1.25)) for _, base in _CHAIN]
    if fault is Fault.SLOW:
        own[2] *= 10
    fails = fault is Fault.THROWING
    depth = 2 if fault is Fault.CUT_SHORT else 3
    # On the way to each, one way; what a call takes is all that lies below it.
    wire = [int(MILLI * random.uniform(0.1, 0.3)) for _ in _CHAIN]
    lag = (0, wire[1], wire[2] + (75 * MILLI if fault is Fault.LAG else 0))
    parent, begin = b"", at
    for level in range(depth):
        service = _CHAIN[level][0]
        tries = 3 if level == 2 and fault is Fault.RETRIES else 1
        for attempt in range(tries):
            took = sum(own[level:depth]) + 2 * sum(lag[level + 1 : depth])
            outer = parent
            if level:
                end = begin + took + 2 * lag[level]
                unheard = fault in (Fault.UNANSWERED, Fault.HASTY) and level == 2
                if fault is Fault.HASTY and level == 2:
                    end = begin + took // 2
                call = span("call", begin, end, trace_id, random.randbytes(8), parent, CLIENT, fails or unheard)
                made.span(_CHAIN[level - 1][0], call)
                outer, begin = call.span_id, begin + lag[level]
            work = span("handle", begin, begin + took, trace_id, random.randbytes(8), outer, SERVER, fails)
            made.span(service, work)
            _lines(made, random, service, work, fault)
            if attempt + 1 == tries:
                parent = work.span_id
            begin += took if attempt + 1 < tries else own[level] // 2


def _letter(made: Slice, at: int, fault: Fault) -> None:
    """In a trace of its own, whose id is the time."""
    trace_id, named = at.to_bytes(16, "big"), {"messaging.destination.name": LETTERS.name}
    sent = span("send letters", at, at + MILLI, trace_id, b"produced", kind=PRODUCER, attributes=named)
    made.span(FRONTEND, sent)
    if fault is not Fault.UNREAD:
        begin = at + 3 * MILLI
        taken = span("take", begin, begin + 5 * MILLI, trace_id, b"consumed", b"produced", CONSUMER, attributes=named)
        made.span(MAILER, taken)


def _lines(made: Slice, random: Random, service: ServiceKey, work: Span, fault: Fault) -> None:
    done = record(f"handled order {random.randrange(10**6)} for {service.name}", work.end_time_unix_nano)
    usual = [done]
    if service == PAYMENT and fault is Fault.STOPPED:
        usual = [record(f"queued order {random.randrange(10**6)}", work.end_time_unix_nano)]
    elif service == PAYMENT and fault is Fault.CHATTY:
        usual = [done] * 8
    elif fault is Fault.THROWING:
        text = "LedgerError: booking refused" if service == PAYMENT else "upstream answered with an error"
        usual.append(record(text, work.end_time_unix_nano, ERROR))
    for line in usual:
        line.trace_id, line.span_id = work.trace_id, work.span_id
    made.log(service, *usual)


def span(
    name: str,
    start: int,
    end: int,
    trace_id: bytes = b"t" * 16,
    span_id: bytes = b"s" * 8,
    parent: bytes = b"",
    kind: Span.SpanKind.ValueType = Span.SPAN_KIND_INTERNAL,
    error: bool = False,
    attributes: Mapping[str, str] | None = None,
) -> Span:
    return Span(
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=end,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        kind=kind,
        status=Status(code=Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_UNSET),
        attributes=[attribute(key, value) for key, value in (attributes or {}).items()],
    )


def feed(timeline: Timeline, miner: TemplateMiner, part: Slice) -> None:
    logs = log_batch(*part.logs)
    timeline.add_logs(logs, miner.mine(logs))
    timeline.add_spans(span_batch(*part.spans))


def closed(slices: Sequence[Slice], settings: WindowSettings | None = None) -> list[Summary]:
    """The buckets of `slices`, sent in this order and closed as they become ready; at last all of them."""
    timeline, miner = Timeline(settings or WindowSettings()), TemplateMiner()
    buckets: list[Summary] = []
    for part in slices:
        feed(timeline, miner, part)
        buckets += timeline.close_ready()
    return [*buckets, *timeline.close_all()]
