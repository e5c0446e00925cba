"""Synthetic logs: 200 templates drawn by Zipf's law, 3 to 6 parameters of many values each, 20 services.

A record is about 390 bytes on the wire, with 6 attributes of its own; a resource has 8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

MILLI = 1_000_000
_TEMPLATES = 200
_SERVICES = 20
_TEXT = """
request handled order session payment cache index shard queue worker retry timeout accepted rejected upstream replica
leader commit rollback flush token user account checkout inventory shipment refund invoice catalog search page batch
cursor stream partition offset topic consumer producer broker lease heartbeat snapshot segment
"""
_WORDS = _TEXT.split()
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Lines:
    """An endless supply of bodies. With `letters`, one template in five also holds a random word without a digit."""

    def __init__(self, seed: int = 1, templates: int = _TEMPLATES, letters: bool = False) -> None:
        self._random = Random(seed)
        self._templates = [self._template(number, letters and number % 5 == 0) for number in range(templates)]
        self._weights = [1 / rank for rank in range(1, templates + 1)]

    def draw(self, count: int, step: int = 1, first: int = 0) -> list[str]:
        """Of every template, or of every `step`th from `first` on."""
        chosen = self._random.choices(self._templates[first::step], self._weights[first::step], k=count)
        return [" ".join(self._value(part) if part.startswith("$") else part for part in parts) for parts in chosen]

    def every(self, number: int) -> str:
        """A body of template `number`, for loads that want them all alike often."""
        parts = self._templates[number % len(self._templates)]
        return " ".join(self._value(part) if part.startswith("$") else part for part in parts)

    def _template(self, number: int, letters: bool) -> Sequence[str]:
        random = self._random
        words = [random.choice(_WORDS) for _ in range(random.randint(11, 15))]
        # The number in letters, so that no two templates are alike.
        words[0] = f"{words[0]}{_LETTERS[number // 26 % 26]}{_LETTERS[number % 26]}"
        kinds = ["$hex", "$number", "$address", "$uuid", "$duration", "$path"]
        for place in sorted(random.sample(range(2, len(words)), random.randint(3, 6))):
            words[place] = random.choice(kinds)
        return [*words, "$letters"] if letters else words

    def _value(self, kind: str) -> str:
        random = self._random
        match kind:
            case "$hex":
                return f"0x{random.getrandbits(48):012x}"
            case "$number":
                return str(random.getrandbits(24))
            case "$address":
                return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}:8080"
            case "$uuid":
                text = f"{random.getrandbits(128):032x}"
                return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
            case "$duration":
                return f"{random.randrange(10_000)}ms"
            case "$path":
                return f"/v1/items/{random.getrandbits(20)}"
            case _:
                return "".join(random.choices(_LETTERS, k=8))


@dataclass(frozen=True, slots=True)
class LoadShape:
    """Of each request, and of what all requests together hold."""

    records: int = 1000
    services: int = _SERVICES
    templates: int = _TEMPLATES
    # Each template in the code of one service alone; else any service may log any.
    own: bool = False


def log_requests(count: int, shape: LoadShape, start_unix_nano: int, seed: int = 1) -> Iterator[bytes]:
    """Serialised requests, `count` of them, each grouped by service as a Collector's batch is; 1 ms from one record of
    a service to the next."""
    random, lines = Random(seed), Lines(seed, shape.templates)
    groups = min(shape.services, max(1, shape.records // 20))
    for number in range(count):
        request = ExportLogsServiceRequest()
        for group in range(groups):
            service = (number * groups + group) % shape.services
            held = len(range(group, shape.records, groups))
            bodies = lines.draw(held, shape.services, service) if shape.own else lines.draw(held)
            part = request.resource_logs.add()
            part.resource.attributes.extend(resource_attributes(service))
            records = part.scope_logs.add()
            records.scope.name = "com.example.shop.Handler"
            for row, body in enumerate(bodies):
                at = start_unix_nano + row * MILLI
                record = records.log_records.add(
                    time_unix_nano=at,
                    observed_time_unix_nano=at + MILLI,
                    severity_number=random.choices((9, 13, 17), (90, 7, 3))[0],
                    severity_text="INFO",
                    trace_id=random.randbytes(16),
                    span_id=random.randbytes(8),
                )
                record.body.string_value = body
                record.attributes.extend(_record_attributes(random))
        yield request.SerializeToString()


def closing_group(number: int, time_unix_nano: int) -> bytes:
    """One record that no other request has; appended to a serialised request it makes it one of its own.

    A concatenation of messages is their merge, so this is a legal request too.
    """
    group = ResourceLogs()
    group.resource.attributes.extend(resource_attributes(number % _SERVICES))
    record = group.scope_logs.add().log_records.add(time_unix_nano=time_unix_nano, severity_number=9)
    record.body.string_value = f"batch {number:012d} is complete"
    return ExportLogsServiceRequest(resource_logs=[group]).SerializeToString()


def resource_attributes(number: int) -> list[KeyValue]:
    return [
        text("service.name", f"service-{number:03d}"),
        text("service.namespace", "shop"),
        text("service.version", "1.4.2"),
        text("deployment.environment.name", "production"),
        text("k8s.pod.name", f"service-{number:03d}-5d4f9c7b6-x2x7k"),
        text("k8s.namespace.name", "shop"),
        text("host.name", f"node-{number % 7}"),
        text("telemetry.sdk.language", "java"),
    ]


def text(key: str, value: str) -> KeyValue:
    item = KeyValue(key=key)
    item.value.string_value = value
    return item


def _record_attributes(random: Random) -> list[KeyValue]:
    count = KeyValue(key="thread.id")
    count.value.int_value = random.randrange(64)
    return [
        count,
        text("thread.name", f"worker-{random.randrange(64)}"),
        text("log.iostream", "stdout"),
        text("code.function.name", "handle"),
        text("http.route", "/v1/items"),
        text("user.id", f"{random.getrandbits(32):08x}"),
    ]
