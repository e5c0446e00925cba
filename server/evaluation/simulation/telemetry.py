"""What the services say, as OTLP: collected for a while, then exported together as a Collector would."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clients.replay import LogsBatch, TracesBatch
from server.evaluation.simulation.topology import Severity
from server.evaluation.simulation.world import Context, Pod, World

_NUMBERS: dict[Severity, int] = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}
Attributes = tuple[KeyValue, ...]


def attribute(key: str, value: str | int) -> KeyValue:
    found = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=key, value=found)


@dataclass(frozen=True, slots=True)
class Line:
    """A log line. An exception's type and stack travel as attributes; an event name as the record's own."""

    severity: Severity
    text: str
    exception: str = ""
    stack: str = ""
    event_name: str = ""


@dataclass(slots=True)
class _Held:
    spans: list[Span] = field(default_factory=list)
    logs: dict[str, list[LogRecord]] = field(default_factory=dict)


_VAGUE = {False: Span.SPAN_KIND_UNSPECIFIED, "internal": Span.SPAN_KIND_INTERNAL}


class Telemetry:
    """Holds records, by pod, until `export` is asked for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[Pod, _Held] = {}
        self._resources: dict[tuple[Pod, str], Resource] = {}
        self._lost = world.random("lost spans")

    def span(
        self,
        pod: Pod,
        context: Context,
        span_id: bytes,
        name: str,
        kind: "Span.SpanKind.ValueType",
        start: int,
        *,
        error: str = "",
        attributes: Attributes = (),
        message: Context | None = None,
    ) -> None:
        """A span that ends now. `message` is what it works on, where that belongs to another trace."""
        service = self._world.topology.services[pod.service]
        if not (service.seen[0] and context.sampled) or self._world.board.silent(pod.service):
            return
        if service.spans_lost and self._lost.random() < service.spans_lost:
            return
        known = attributes if service.kinds else ()
        if error:
            known = (*known, attribute("error.type", error))
        self._of(pod).spans.append(
            Span(
                trace_id=context.trace_id,
                span_id=span_id,
                parent_span_id=context.parent_id,
                trace_state=self._trace_state(),
                name=name,
                kind=kind if service.kinds is True else _VAGUE[service.kinds],
                start_time_unix_nano=start + pod.clock,
                end_time_unix_nano=self._world.kernel.now + pod.clock,
                attributes=known,
                links=[Span.Link(trace_id=message.trace_id, span_id=message.parent_id)] if message else (),
                status=Status(code=Status.STATUS_CODE_ERROR, message=error) if error else None,
            )
        )

    def log(self, pod: Pod, line: Line, scope: str, context: Context | None = None, span_id: bytes = b"") -> None:
        """A line that is written now."""
        service = self._world.topology.services[pod.service]
        if not service.seen[1] or self._world.board.silent(pod.service):
            return
        now = self._world.kernel.now + pod.clock
        record = LogRecord(
            time_unix_nano=now,
            observed_time_unix_nano=self._world.kernel.now,
            severity_number=_NUMBERS[line.severity],  # type: ignore[arg-type]
            severity_text=line.severity,
            body=_body(service.body, line, scope, now),
            event_name=line.event_name,
        )
        if line.exception:
            record.attributes.extend(
                [attribute("exception.type", line.exception), attribute("exception.stacktrace", line.stack)]
            )
        if context is not None and service.log_ids:
            record.trace_id, record.span_id, record.flags = context.trace_id, span_id, int(context.sampled)
        self._of(pod).logs.setdefault(scope, []).append(record)

    def export(self, sent_unix_nano: int) -> Iterator[LogsBatch | TracesBatch]:
        """Everything held, in one request a signal; nothing is held afterwards."""
        held, self._held = self._held, {}
        logs, spans = ExportLogsServiceRequest(), ExportTraceServiceRequest()
        services = self._world.topology.services
        for pod, records in held.items():
            if records.logs:
                parts = [
                    ScopeLogs(scope=InstrumentationScope(name=scope), log_records=lines)
                    for scope, lines in records.logs.items()
                ]
                name = services[pod.service].log_name or pod.service
                logs.resource_logs.append(ResourceLogs(resource=self._resource(pod, name), scope_logs=parts))
            if records.spans:
                part = ScopeSpans(scope=InstrumentationScope(name="simulation"), spans=records.spans)
                resource = self._resource(pod, pod.service)
                spans.resource_spans.append(ResourceSpans(resource=resource, scope_spans=[part]))
        times = [
            record.time_unix_nano for group in logs.resource_logs for s in group.scope_logs for record in s.log_records
        ]
        if times:
            yield LogsBatch(logs, len(times), min(times), max(times), sent_unix_nano)
        ends = [
            span.end_time_unix_nano for group in spans.resource_spans for s in group.scope_spans for span in s.spans
        ]
        if ends:
            yield TracesBatch(spans, len(ends), min(ends), max(ends), sent_unix_nano)

    def _of(self, pod: Pod) -> _Held:
        found = self._held.get(pod)
        if found is None:
            found = self._held[pod] = _Held()
        return found

    def _resource(self, pod: Pod, name: str) -> Resource:
        known = self._resources.get((pod, name))
        if known is not None:
            return known
        topology = self._world.topology
        values = {
            "service.name": name,
            "service.namespace": topology.namespace,
            "service.version": pod.version,
            "deployment.environment.name": topology.environment,
            "k8s.pod.name": pod.name,
        }
        made = Resource(attributes=[attribute(key, value) for key, value in values.items() if value])
        self._resources[pod, name] = made
        return made

    def _trace_state(self) -> str:
        """The sampling threshold of the W3C's "ot" entry: of 2**56, how much is rejected."""
        kept = self._world.sampling
        if kept >= 1:
            return ""
        return "ot=th:" + (f"{int((1 - kept) * 2**56):014x}".rstrip("0") or "0")


def _body(form: Literal["plain", "json", "map", "logfmt"], line: Line, scope: str, now: int) -> AnyValue:
    if form == "plain":
        return AnyValue(string_value=f"{line.text}\n{line.stack}" if line.stack else line.text)
    if form == "logfmt":
        stamp = datetime.fromtimestamp(now / 1e9, UTC).isoformat(timespec="milliseconds")
        text = json.dumps(line.text, ensure_ascii=False)
        return AnyValue(string_value=f"time={stamp} level={line.severity.lower()} logger={scope} msg={text}")
    values = {"level": line.severity.lower(), "logger": scope, "message": line.text}
    if line.exception:
        values |= {"error": line.exception, "stack": line.stack}
    if form == "map":
        return AnyValue(kvlist_value=KeyValueList(values=[attribute(key, value) for key, value in values.items()]))
    stamped = {"time": datetime.fromtimestamp(now / 1e9, UTC).isoformat(timespec="milliseconds"), **values}
    return AnyValue(string_value=json.dumps(stamped, ensure_ascii=False))
