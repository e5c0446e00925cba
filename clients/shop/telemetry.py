"""The OpenTelemetry SDK as one pod uses it: its own resource, providers, exporters and context propagation."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from clients.shop.emitted import CountingLogProcessor, CountingSpanProcessor, Ledger

NAMESPACE = "shop"
Attributes = Mapping[str, AttributeValue]

_PROPAGATOR = TraceContextTextMapPropagator()
# Longer than any stall of a busy machine: what is given up is missing in the story.
_EXPORT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where telemetry goes and how long it may wait before."""

    endpoint: str
    environment: str
    schedule_delay_seconds: float


@dataclass(frozen=True, slots=True)
class PodIdentity:
    service: str
    version: str
    pod: str


class Telemetry:
    """Logs and spans of one pod."""

    def __init__(self, identity: PodIdentity, destination: Destination, ledger: Ledger) -> None:
        resource = Resource.create(
            {
                "service.name": identity.service,
                "service.namespace": NAMESPACE,
                "service.version": identity.version,
                "service.instance.id": str(uuid4()),
                "k8s.pod.name": identity.pod,
                "deployment.environment.name": destination.environment,
            }
        )
        delay_millis = destination.schedule_delay_seconds * 1000
        self._tracers = TracerProvider(resource=resource, sampler=ALWAYS_ON, shutdown_on_exit=False)
        self._tracers.add_span_processor(CountingSpanProcessor(ledger))
        self._tracers.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(destination.endpoint, insecure=True, timeout=_EXPORT_TIMEOUT_SECONDS),
                schedule_delay_millis=delay_millis,
            )
        )
        self._loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._loggers.add_log_record_processor(CountingLogProcessor(ledger))
        self._loggers.add_log_record_processor(
            BatchLogRecordProcessor(
                OTLPLogExporter(destination.endpoint, insecure=True, timeout=_EXPORT_TIMEOUT_SECONDS),
                schedule_delay_millis=delay_millis,
            )
        )
        self._tracer = self._tracers.get_tracer("clients.shop", identity.version)
        self._logger = self._loggers.get_logger(f"{NAMESPACE}.{identity.service}")

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, *, parent: Context | None = None
    ) -> Iterator[Span]:
        """A span that is current inside the block. An exception passing through marks it failed; the log says why."""
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                fail(span, type(error).__name__)
                raise

    def info(self, body: str) -> None:
        self._logger.emit(severity_number=SeverityNumber.INFO, severity_text="INFO", body=body)

    def warn(self, body: str) -> None:
        self._logger.emit(severity_number=SeverityNumber.WARN, severity_text="WARN", body=body)

    def error(self, body: str, exception: Exception | None = None) -> None:
        """The SDK turns the exception into exception.type, exception.message and exception.stacktrace."""
        self._logger.emit(severity_number=SeverityNumber.ERROR, severity_text="ERROR", body=body, exception=exception)

    async def shutdown(self) -> None:
        """Sends what is still held and ends the exporters' threads; takes seconds when the receiver is gone."""
        loop = asyncio.get_running_loop()
        # Threads of its own: the loop's few are not enough for all pods of a shop closing at once.
        with ThreadPoolExecutor(2) as threads:
            await asyncio.gather(
                loop.run_in_executor(threads, self._tracers.shutdown),
                loop.run_in_executor(threads, self._loggers.shutdown),
            )


def fail(span: Span, error_type: str) -> None:
    """Marks a span as failed, with the low-cardinality kind of failure."""
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR, error_type))


def inject_context() -> dict[str, str]:
    """W3C headers that carry the current span to whoever receives them."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers


def extract_context(headers: Mapping[str, str]) -> Context:
    return _PROPAGATOR.extract(headers, context=Context())
