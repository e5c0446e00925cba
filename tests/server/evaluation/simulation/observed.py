"""What came out of a simulation, flat."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.replay import LogsBatch
from server.evaluation.simulation import Scenario, simulate

FAILED = 2


@dataclass(frozen=True, slots=True)
class SentSpan:
    service: str
    pod: str
    version: str
    span: Span

    @property
    def milliseconds(self) -> float:
        return (self.span.end_time_unix_nano - self.span.start_time_unix_nano) / 1e6

    @property
    def failed(self) -> bool:
        return self.span.status.code == FAILED

    def attribute(self, key: str) -> str:
        return texts(self.span.attributes).get(key, "")


@dataclass(frozen=True, slots=True)
class SentLog:
    service: str
    pod: str
    record: LogRecord

    @property
    def body(self) -> str:
        return self.record.body.string_value


@dataclass(slots=True)
class Observed:
    """In the order sent. Pass a service's name to get its share."""

    all_spans: list[SentSpan] = field(default_factory=list)
    all_logs: list[SentLog] = field(default_factory=list)

    def spans(self, service: str, kind: int | None = None, since: int = 0) -> list[SentSpan]:
        return [
            item
            for item in self.all_spans
            if item.service == service and kind in (None, item.span.kind) and item.span.end_time_unix_nano >= since
        ]

    def logs(self, service: str, containing: str = "", since: int = 0) -> list[SentLog]:
        return [
            item
            for item in self.all_logs
            if item.service == service and containing in item.body and item.record.time_unix_nano >= since
        ]


def texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {item.key: item.value.string_value for item in attributes}


def observe(scenario: Scenario) -> Observed:
    seen = Observed()
    for batch in simulate(scenario):
        if isinstance(batch, LogsBatch):
            for group in batch.request.resource_logs:
                known = texts(group.resource.attributes)
                for part in group.scope_logs:
                    for record in part.log_records:
                        seen.all_logs.append(SentLog(known["service.name"], known["k8s.pod.name"], record))
        else:
            for sent in batch.request.resource_spans:
                known = texts(sent.resource.attributes)
                for piece in sent.scope_spans:
                    for span in piece.spans:
                        names = (known["service.name"], known["k8s.pod.name"], known["service.version"])
                        seen.all_spans.append(SentSpan(*names, span))
    return seen
