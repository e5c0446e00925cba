"""Requests in which everything that has a name has one of its own, and an ordinary service beside them."""

from itertools import count

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ORDINARY, BOMBED = "ordinary", "bombed"
# Records, or spans, of the ordinary service in each request.
ORDINARY_EACH = 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Bomb:
    """Deterministic; no name ever comes twice, but for those of the ordinary service."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def logs(self, records: int, now: int, *, services: bool = True) -> ExportLogsServiceRequest:
        """Every record a new template, pod, version and scope; with `services` a new service too, otherwise all of one.
        And ten records of the ordinary service."""
        request = ExportLogsServiceRequest()
        for _ in range(records):
            name = _word(next(self._numbers))
            group = request.resource_logs.add(resource=_resource(name if services else BOMBED, name))
            part = group.scope_logs.add()
            part.scope.name = f"scope {name}"
            record = part.log_records.add(time_unix_nano=now, severity_number=17)
            record.body.string_value = f"{name} failed in a way of its own"
        group = request.resource_logs.add(resource=_resource(ORDINARY))
        part = group.scope_logs.add()
        for number in range(ORDINARY_EACH):
            part.log_records.add(time_unix_nano=now, severity_number=9).body.string_value = f"order {number} was taken"
        return request

    def spans(self, spans: int, now: int, *, services: bool = True) -> ExportTraceServiceRequest:
        """Every span a new operation and a new peer; else as `logs`, with ten spans of the ordinary service."""
        request = ExportTraceServiceRequest()
        for _ in range(spans):
            name = _word(next(self._numbers))
            group = request.resource_spans.add(resource=_resource(name if services else BOMBED, name))
            span = group.scope_spans.add().spans.add(name=f"operation {name}", kind=Span.SPAN_KIND_CLIENT)
            span.attributes.add(key="server.address").value.string_value = f"peer-{name}"
            self._complete(span, now)
        part = request.resource_spans.add(resource=_resource(ORDINARY)).scope_spans.add()
        for _ in range(ORDINARY_EACH):
            self._complete(part.spans.add(name="take order", kind=Span.SPAN_KIND_SERVER), now)
        return request

    def _complete(self, span: Span, now: int) -> None:
        key = next(self._numbers).to_bytes(8, "big")
        span.trace_id, span.span_id = key * 2, key
        span.start_time_unix_nano, span.end_time_unix_nano = now - 1_000_000, now


def _resource(service: str, instance: str = "") -> Resource:
    resource = Resource()
    resource.attributes.add(key="service.name").value.string_value = service
    if instance:
        resource.attributes.add(key="k8s.pod.name").value.string_value = f"pod-{instance}"
        resource.attributes.add(key="service.version").value.string_value = f"version-{instance}"
    return resource


def _word(number: int) -> str:
    """Letters alone: a word with a digit in it would be masked."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, len(_LETTERS))
        letters = _LETTERS[letter] + letters
    return letters
