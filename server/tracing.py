"""Spans about our own analyses, exported as the standard OTEL_* variables say."""

import threading
from collections.abc import Iterable, Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, TraceFlags

from analyzers.otlp.resources import SELF_ATTRIBUTE

SERVICE_NAME = "hypocenter"
_MAX_LINKS = 32
_PATIENCE = 2.0


def build_tracer_provider(environment: Mapping[str, str]) -> TracerProvider:
    """Exports only where an endpoint is configured; OTEL_SDK_DISABLED and the sampler variables are the SDK's own.

    Every span carries `hypocenter.self`, so that telemetry about ourselves that comes back through a Collector is
    never analysed into a loop.
    """
    name = environment.get("OTEL_SERVICE_NAME", SERVICE_NAME)
    provider = TracerProvider(resource=Resource.create({"service.name": name, SELF_ATTRIBUTE: "true"}))
    wanted = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if wanted and environment.get("OTEL_TRACES_EXPORTER", "otlp") != "none":
        provider.add_span_processor(_ImpatientProcessor(OTLPSpanExporter()))
    return provider


class _ImpatientProcessor(BatchSpanProcessor):
    """Sends what is left when the process stops, but gives up after `_PATIENCE` seconds: an endpoint that is gone would
    otherwise be tried for ten seconds a batch."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        super().__init__(exporter)
        self._give_up = exporter.shutdown

    def shutdown(self) -> None:
        timer = threading.Timer(_PATIENCE, self._give_up)
        timer.daemon = True
        timer.start()
        super().shutdown()  # type: ignore[no-untyped-call]
        timer.cancel()


def evidence_links(trace_ids: Iterable[bytes]) -> list[Link]:
    """Links to the traces that are the evidence of an analysis."""
    links = []
    for trace_id in sorted(set(trace_ids))[:_MAX_LINKS]:
        context = SpanContext(
            trace_id=int.from_bytes(trace_id, "big"),
            # The trace as a whole is meant; a link needs some span id that is not zero.
            span_id=int.from_bytes(trace_id[-8:], "big") or 1,
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        if context.is_valid:
            links.append(Link(context))
    return links


Tracer = trace.Tracer
