"""Searching the logs that are held, and their templates."""

import pytest
from hypocenter.v1.log_pb2 import LogEntry
from hypocenter.v1.log_service_pb2 import ListLogTemplatesRequest, SearchLogsRequest
from hypocenter.v1.log_service_pb2_grpc import LogServiceStub

from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.refusal import refused_fields
from tests.server.api.samples import CART, PAYMENT, SECOND, STAGING_CART, T0, TRACE, bucket, exemplar, template

OTHER_TRACE = bytes(16 * [255])


@pytest.fixture
def held(backend: MemoryBackend) -> MemoryBackend:
    """Three records in the first seconds, one two minutes later."""
    backend.buckets = [
        bucket(
            0,
            {
                CART: {"t1": template("user <*> paid", exemplar(1, "user ann paid", severity=9), count=7)},
                PAYMENT: {
                    "t2": template(
                        "Connection to <*> refused",
                        exemplar(2, "Connection to db refused", pod="payment-1", trace_id=OTHER_TRACE),
                        count=70,
                    )
                },
            },
        ),
        bucket(5, {STAGING_CART: {"t1": template("user <*> paid", exemplar(6, "user bob paid", severity=9))}}),
        bucket(120, {CART: {"t1": template("user <*> paid", exemplar(121, "user eve paid", severity=9), count=3)}}),
    ]
    return backend


def bodies(stub: LogServiceStub, query: str = "", filter: str = "") -> list[str]:
    answer = stub.SearchLogs(SearchLogsRequest(query=query, filter=filter))
    assert not answer.next_page_token
    return [entry.record.body.string_value.split()[1] for entry in answer.entries]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["eve", "bob", "to", "ann"]),
        ("PAID", ["eve", "bob", "ann"]),
        ("paid ann", ["ann"]),
        ("refused db", ["to"]),
        ("<*> refused", ["to"]),
        ("ann eve", []),
    ],
)
def test_every_word_must_occur(logs_api: LogServiceStub, held: MemoryBackend, query: str, found: list[str]) -> None:
    assert bodies(logs_api, query) == found


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("service_name = cart", ["eve", "bob", "ann"]),
        ("service_name = production/shop/cart", ["eve", "ann"]),
        ("service_name != cart", ["to"]),
        ("template_id = t2", ["to"]),
        (f"trace_id = {OTHER_TRACE.hex().upper()}", ["to"]),
        (f"trace_id != {OTHER_TRACE.hex()} AND pod_name = cart-1", ["eve", "bob", "ann"]),
        ("severity_number >= 17", ["to"]),
        ("severity_number < 17 AND time < 2026-01-31T08:01:00Z", ["bob", "ann"]),
        ("time > 2026-01-31T08:00:01Z AND time <= 2026-01-31T08:00:06Z", ["bob", "to"]),
        ("time = 2026-01-31T08:02:01Z", ["eve"]),
        ("time > 2027-01-01T00:00:00Z", []),
    ],
)
def test_filters(logs_api: LogServiceStub, held: MemoryBackend, filter: str, found: list[str]) -> None:
    assert bodies(logs_api, filter=filter) == found


def test_an_entry_is_the_record_as_it_was(logs_api: LogServiceStub, held: MemoryBackend) -> None:
    entry: LogEntry = logs_api.SearchLogs(SearchLogsRequest(query="refused")).entries[0]
    assert (entry.service_name, entry.service.deployment_environment_name) == ("payment", "production")
    assert (entry.template_id, entry.pod_name, entry.scope_name) == ("t2", "payment-1", "logger")
    record = entry.record
    assert (record.time_unix_nano, record.severity_number) == (T0 + 2 * SECOND, 17)
    assert record.body.string_value == "Connection to db refused"
    assert (record.trace_id, record.span_id) == (OTHER_TRACE, bytes(range(8)))
    assert [(item.key, item.value.string_value) for item in record.attributes] == [("exception.type", "IOError")]


def test_pages_cover_all_once_newest_first(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    # Six minutes, three records of one time in every bucket.
    for second in range(0, 360, 5):
        kept = [exemplar(second + 1, f"line {second} {number}") for number in range(3)]
        backend.buckets.append(bucket(second, {CART: {"t": template("line <*> <*>", *kept)}}))
    seen: list[tuple[int, str]] = []
    token = ""
    for _ in range(100):
        answer = logs_api.SearchLogs(SearchLogsRequest(query="line", page_size=4, page_token=token))
        seen.extend((entry.record.time_unix_nano, entry.record.body.string_value) for entry in answer.entries)
        token = answer.next_page_token
        if not token:
            break
    # A minute keeps three records of a template.
    assert len(seen) == len(set(seen)) == 18
    assert [time for time, _ in seen] == sorted((time for time, _ in seen), reverse=True)


def test_long_ago_and_nothing_at_all(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    assert bodies(logs_api) == []
    backend.buckets = [
        bucket(0, {CART: {"t": template("a <*>", exemplar(1, "a start"))}}),
        bucket(86_400 * 30, {CART: {"t": template("a <*>", exemplar(86_400 * 30 + 1, "a month later"))}}),
    ]
    assert bodies(logs_api) == ["month", "start"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SearchLogsRequest(filter="body = x"), "filter"),
        (SearchLogsRequest(filter="severity_number > high"), "filter"),
        (SearchLogsRequest(filter="pod_name > a"), "filter"),
        (SearchLogsRequest(page_size=-3), "page_size"),
        (SearchLogsRequest(page_token="x"), "page_token"),
        (SearchLogsRequest(query="x" * 2000), "query"),
    ],
)
def test_bad_searches(logs_api: LogServiceStub, request_: SearchLogsRequest, field: str) -> None:
    assert refused_fields(lambda: logs_api.SearchLogs(request_)) == [field]


def test_templates_most_frequent_first(logs_api: LogServiceStub, held: MemoryBackend) -> None:
    answer = logs_api.ListLogTemplates(ListLogTemplatesRequest())
    assert [(item.template_id, item.count) for item in answer.templates] == [("t2", 70), ("t1", 10), ("t1", 1)]
    first, second, third = answer.templates
    assert (first.text, first.max_severity_number) == ("Connection to <*> refused", 17)
    assert second.first_seen_time.ToNanoseconds() == T0 + SECOND
    assert second.last_seen_time.ToNanoseconds() == T0 + 121 * SECOND
    assert third.service.deployment_environment_name == "staging"
    assert TRACE.hex() not in str(answer)


def test_templates_of_one_service(logs_api: LogServiceStub, held: MemoryBackend) -> None:
    def counts(name: str) -> list[int]:
        answer = logs_api.ListLogTemplates(ListLogTemplatesRequest(service_name=name))
        return [item.count for item in answer.templates]

    assert counts("cart") == [10, 1]
    assert counts("staging/shop/cart") == [1]
    assert counts("nobody") == []


def test_template_pages(logs_api: LogServiceStub, backend: MemoryBackend) -> None:
    many = {f"t{number:03}": template(f"text {number}", count=number // 3 + 1) for number in range(100)}
    backend.buckets = [bucket(0, {CART: many})]
    seen: list[tuple[int, str]] = []
    token = ""
    for _ in range(100):
        answer = logs_api.ListLogTemplates(ListLogTemplatesRequest(page_size=9, page_token=token))
        assert not any(item.HasField("first_seen_time") for item in answer.templates)
        seen.extend((-item.count, item.template_id) for item in answer.templates)
        token = answer.next_page_token
        if not token:
            break
    assert len(seen) == 100
    assert seen == sorted(seen)
    foreign = ListLogTemplatesRequest(page_size=-1, page_token="x")
    assert refused_fields(lambda: logs_api.ListLogTemplates(foreign)) == ["page_size", "page_token"]
