"""Spans a second through decode, assembly and graph, against parsing them with upb and walking over the fields."""

import time
from collections.abc import Callable, Iterator, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from analyzers.otlp import DecodeLimits, Received, SpanDecoder
from analyzers.timeline import Timeline, WindowSettings
from rca.graph import build_graph
from server.delivery import read_delivery
from server.journal import FrameKind
from tests.benchmarks.measure import Row, Spread, Table, compared
from tests.benchmarks.options import Options
from tests.benchmarks.span_load import SECOND, SpanShape, span_requests

_BAR = "0.4 x"
# Bytes of requests that are decoded together; the pipeline takes more when more has piled up.
_TOGETHER = 2**20


def spans(options: Options) -> Table:
    """CPU seconds of one thread; each step is timed with all the steps before it."""
    start = time.time_ns()
    shape = SpanShape()
    requests = list(span_requests(options.sized(60, 6), shape, start))
    count = len(requests) * shape.spans
    steps: tuple[tuple[str, Callable[[Sequence[bytes], int], None], str], ...] = (
        ("columns", _decode, ""),
        ("columns, assembly", _assemble, ""),
        ("columns, assembly, graph", _graph, _BAR),
        ("the same, and the door's check", _served, ""),
    )
    base: list[float] = []
    found: dict[str, list[float]] = {name: [] for name, _, _ in steps}
    for _ in range(options.rounds):
        base.append(count / _cpu(_walk, requests, start))
        for name, step, _ in steps:
            found[name].append(count / _cpu(step, requests, start))
    rows = [Row("upb parse and walk of 8 fields", "spans/CPU s", Spread.of(base))]
    rows += [compared(name, "spans/CPU s", found[name], base, "parse and walk", bar) for name, _, bar in steps]
    size = sum(map(len, requests)) / count
    notes = [
        f"{count:,} spans of {size:.0f} bytes in requests of {shape.spans:,}, traces of 7 spans,"
        f" {shape.services} services, {count / shape.per_second:.0f} s of event time",
        f"requests are decoded together up to {_TOGETHER / 2**20:.0f} MiB, as the pipeline does with what has piled up",
        "graph: buckets are closed as the watermark passes and a graph is built of each",
    ]
    return Table("spans", "spans to a service graph", rows, notes)


def _cpu(step: Callable[[Sequence[bytes], int], None], requests: Sequence[bytes], start: int) -> float:
    started = time.process_time()
    step(requests, start)
    return time.process_time() - started


def _walk(requests: Sequence[bytes], start: int) -> None:
    """What any receiver has to do before it can do anything."""
    seen = 0
    for body in requests:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            for part in group.scope_spans:
                for span in part.spans:
                    fields = (
                        span.trace_id,
                        span.span_id,
                        span.parent_span_id,
                        span.name,
                        span.kind,
                        span.start_time_unix_nano,
                        span.end_time_unix_nano,
                        span.status.code,
                    )
                    seen += len(fields)
    assert seen


def _together(requests: Sequence[bytes], start: int) -> Iterator[list[Received]]:
    """Neighbours, as the pipeline takes what has piled up."""
    taken: list[Received] = []
    size = 0
    for body in requests:
        taken.append(Received(body, start))
        size += len(body)
        if size >= _TOGETHER:
            yield taken
            taken, size = [], 0
    if taken:
        yield taken


def _decode(requests: Sequence[bytes], start: int) -> None:
    decoder = SpanDecoder(DecodeLimits(future_skew=3600 * SECOND))
    for together in _together(requests, start):
        decoder.decode(together)


def _assemble(requests: Sequence[bytes], start: int, graphs: bool = False) -> None:
    decoder, timeline = SpanDecoder(DecodeLimits(future_skew=3600 * SECOND)), Timeline(WindowSettings())
    for together in _together(requests, start):
        timeline.add_spans(decoder.decode(together))
        for bucket in timeline.close_ready():
            if graphs:
                build_graph(bucket)
    for bucket in timeline.close_all():
        if graphs:
            build_graph(bucket)


def _graph(requests: Sequence[bytes], start: int) -> None:
    _assemble(requests, start, graphs=True)


def _served(requests: Sequence[bytes], start: int) -> None:
    _graph([read_delivery(FrameKind.TRACES, body, start).body for body in requests], start)
