"""Seconds to rank the causes of trouble among many services, with a window full of spans."""

import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from analyzers.otlp import DecodeLimits, decode_spans
from rca.graph import build_graph
from rca.ranking import rank
from server.config import BaselineConfig, Config
from server.engine import Engine, build_engine
from tests.benchmarks.measure import Row, Spread, Table
from tests.benchmarks.options import Options
from tests.benchmarks.span_load import SECOND, SpanShape, span_requests

# Seconds of a window.
_WINDOW = 15


def graph(options: Options) -> Table:
    """Ours alone: there is nothing to compare it with but time itself."""
    services, spans = options.sized(1000, 50), options.sized(100_000, 3_000)
    start = time.time_ns() // (_WINDOW * SECOND) * _WINDOW * SECOND
    engine = build_engine(Config(baseline=BaselineConfig(min_history=SECOND)), None)
    shape = SpanShape(services=services, per_second=spans // _WINDOW)
    _feed(engine, shape, spans, start, seed=1)
    broken = SpanShape(services=services, per_second=spans // _WINDOW, broken=7)
    begin = start + _WINDOW * SECOND
    _feed(engine, broken, spans, begin, seed=2)
    end = begin + _WINDOW * SECOND
    building, judging, ranking, everything = [], [], [], []
    candidates = first = 0
    for _ in range(options.rounds):
        whole = engine.summary(begin, end)
        assert whole is not None
        started = time.perf_counter()
        found = build_graph(whole)
        building.append(time.perf_counter() - started)
        started = time.perf_counter()
        diagnosis, anomalies = engine.diagnose(begin, end)
        everything.append(time.perf_counter() - started)
        started = time.perf_counter()
        causes = rank(anomalies, found)
        ranking.append(time.perf_counter() - started)
        judging.append(everything[-1] - ranking[-1] - building[-1])
        candidates = len(anomalies)
        first = int(bool(causes) and causes[0].service.name == "service-007") and len(diagnosis.root_causes)
    rows = [
        Row("the graph of the window", "s", Spread.of(building)),
        Row("union and detection", "s", Spread.of(judging)),
        Row("ranking", "s", Spread.of(ranking)),
        Row("all of it: what AnalyzeRootCause waits for", "s", Spread.of(everything)),
    ]
    notes = [
        f"{services:,} services, {spans:,} spans in the window, as many learned from before; one service broken;"
        f" {len(found.edges):,} edges, {candidates:,} anomalies; the broken one is {'' if first else 'NOT '}first",
    ]
    return Table("graph", "ranking causes in a large system", rows, notes)


def _feed(engine: Engine, shape: SpanShape, spans: int, start: int, seed: int) -> None:
    """A window's worth of traffic, closed and judged."""
    limits = DecodeLimits(future_skew=3600 * SECOND)
    for body in span_requests(spans // shape.spans, shape, start, seed):
        engine.add_spans(decode_spans(ExportTraceServiceRequest.FromString(body).resource_spans, start, limits))
        for bucket in engine.close_ready():
            engine.judge(bucket)
    for bucket in engine.close_all():
        engine.judge(bucket)
