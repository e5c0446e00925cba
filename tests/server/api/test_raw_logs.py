"""Searching beyond what is kept of each template: the lines that the journal still has."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from hypocenter.v1.log_service_pb2 import SearchLogsRequest, SearchLogsResponse
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.otlp.times import DecodeLimits
from analyzers.templates import template_of
from server.api.door import ApiServer
from server.journal import Frame, FrameKind, Journal, JournalSettings
from server.journal.raw_lines import RawLineReader, RawLines, Stopped
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.samples import CART, PAYMENT, SECOND, T0, bucket, exemplar, template
from tests.server.otlp.messages import logs

LINES = 60


class TiredReader(RawLineReader):
    """Reads all there is, and says that it had to stop."""

    stopped = Stopped.NO

    def find(self, *arguments: object, **more: object) -> RawLines:
        found = super().find(*arguments, **more)  # type: ignore[arg-type]
        return RawLines(found.lines, self.stopped or found.stopped, found.scanned_bytes)


@dataclass(slots=True)
class Api:
    stub: LogServiceStub
    reader: TiredReader

    def search(self, query: str = "", filter: str = "", size: int = 0) -> list[str]:
        """All pages."""
        bodies: list[str] = []
        token = ""
        while True:
            answer = self.stub.SearchLogs(
                SearchLogsRequest(query=query, filter=filter, page_size=size, page_token=token)
            )
            bodies.extend(entry.record.body.string_value for entry in answer.entries)
            token = answer.next_page_token
            if not token:
                return bodies


def record(second: int, body: str) -> LogRecord:
    kept = exemplar(second, body)
    return LogRecord(
        time_unix_nano=kept.time_unix_nano,
        severity_number=kept.severity,  # type: ignore[arg-type]
        body=AnyValue(string_value=body),
        trace_id=kept.trace_id,
        span_id=kept.span_id,
        attributes=[
            KeyValue(key="order", value=AnyValue(int_value=second)),
            KeyValue(key="exception.type", value=AnyValue(string_value=kept.exception_type)),
        ],
    )


@pytest.fixture
def api(backend: MemoryBackend, tmp_path: Path) -> Iterator[Api]:
    """A minute of lines of the cart, of which three are kept, and one of the payment that only the summary knows."""
    journal = Journal(tmp_path, JournalSettings(segment_bytes=4096))
    for first in range(0, LINES, 5):
        request = logs(*(record(second, f"user {second} paid") for second in range(first, first + 5)))
        resource = request.resource_logs[0].resource
        for key, value in (
            ("deployment.environment.name", CART.environment),
            ("service.namespace", CART.namespace),
            ("k8s.pod.name", exemplar(0, "").pod),
        ):
            resource.attributes.append(KeyValue(key=key, value=AnyValue(string_value=value)))
        request.resource_logs[0].scope_logs[0].scope.name = exemplar(0, "").scope
        journal.append(Frame(FrameKind.LOGS, request.SerializeToString(), T0 + (first + 5) * SECOND, 5))
    shape = template_of("user <*> paid")
    kept = [exemplar(second, f"user {second} paid") for second in (0, 1, 2)]
    backend.buckets = [
        bucket(0, {CART: {shape.template_id: template(shape.text, *kept)}}),
        bucket(30, {PAYMENT: {"t": template("card refused", exemplar(31, "card refused"))}}),
    ]
    reader = TiredReader(tmp_path, DecodeLimits())
    server = ApiServer(backend, "127.0.0.1:0", raw_lines=reader)
    with grpc.insecure_channel(server.start()) as channel:
        yield Api(LogServiceStub(channel), reader)
    server.stop(0)
    journal.close()


def users(*seconds: int) -> list[str]:
    return [f"user {second} paid" for second in seconds]


@pytest.mark.parametrize("size", [0, 1, 7, 60, 61, 1000])
def test_all_lines_are_found_once_newest_first_on_pages_of_any_size(api: Api, size: int) -> None:
    everything = [*users(*range(59, 31, -1)), "card refused", *users(*range(31, -1, -1))]
    found = api.search(size=size)
    assert sorted(found) == sorted(everything)
    # Two of the same second stand in either order.
    assert [body for body in found if body != "card refused"] == users(*range(59, -1, -1))


def test_a_line_in_full(api: Api) -> None:
    (entry,) = api.stub.SearchLogs(SearchLogsRequest(query="user 2 paid")).entries[-1:]
    assert (entry.service_name, entry.service.deployment_environment_name) == ("cart", CART.environment)
    assert entry.template_id == template_of("user <*> paid").template_id
    assert [(item.key, item.value.string_value) for item in entry.record.attributes] == [
        ("order", "2"),
        ("exception.type", exemplar(2, "").exception_type),
    ]


@pytest.mark.parametrize(
    ("query", "filter", "found"),
    [
        ("USER 42", "", users(42)),
        ("refused", "", ["card refused"]),
        ("<*> paid", "time < 2026-01-31T08:00:02Z", users(1, 0)),
        ("", "service_name = payment", ["card refused"]),
        ("", "service_name != cart", ["card refused"]),
        ("", f"service_name = {CART} AND time >= 2026-01-31T08:00:58Z", users(59, 58)),
        ("", "pod_name = elsewhere", []),
        ("", "severity_number < 5", []),
        ("", f"trace_id = {'9' * 32}", []),
        ("", "trace_id = nonsense", []),
        ("", "template_id = t", ["card refused"]),
        ("user 1 paid", f"template_id = {template_of('user <*> paid').template_id}", users(1)),
    ],
)
def test_conditions_hold_for_raw_lines_too(api: Api, query: str, filter: str, found: list[str]) -> None:
    exact = [body for body in api.search(query, filter) if query != "user 1 paid" or body == "user 1 paid"]
    assert exact == found


@pytest.mark.parametrize("stopped", Stopped)
def test_a_search_that_stopped_early_says_so(api: Api, stopped: Stopped) -> None:
    api.reader.stopped = stopped
    answer = api.stub.SearchLogs(SearchLogsRequest())
    assert len(answer.entries) == 50
    reason = {Stopped.BYTES: "BYTES", Stopped.SECONDS: "TIME", Stopped.BUSY: "BUSY"}.get(stopped, "UNSPECIFIED")
    assert SearchLogsResponse.IncompleteReason.Name(answer.incomplete_reason) == f"INCOMPLETE_REASON_{reason}"
    api.reader.stopped = Stopped.NO
