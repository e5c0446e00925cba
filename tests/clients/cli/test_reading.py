"""Logs, templates, graph and answers."""

import json
from collections.abc import Callable

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import log_pb2, log_service_pb2, root_cause_service_pb2, service_graph_pb2, service_pb2
from hypocenter.v1.log_service_pb2 import SearchLogsResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from typer.testing import Result

Run = Callable[..., Result]
START = 1_700_000_000_000_000_000


def entry(body: AnyValue) -> log_pb2.LogEntry:
    record = LogRecord(
        time_unix_nano=START,
        severity_number=17,  # type: ignore[arg-type]
        body=body,
        trace_id=b"\xab" * 16,
    )
    return log_pb2.LogEntry(service_name="cart", record=record)


def test_logs_are_searched_by_words_service_and_filter(server: RememberingServer, run: Run) -> None:
    server.entries = [entry(AnyValue(string_value="timed out"))]
    result = run("logs", "search", "timed", "out", "--service", 'ca"rt', "--filter", "severity_number >= 17")
    assert result.exit_code == 0, result.output
    for text in ("2023-11-14 22:13:20 UTC", "ERROR", "cart", "timed out", "ab" * 16):
        assert text in result.stdout
    assert server.requests == [
        log_service_pb2.SearchLogsRequest(
            query="timed out", filter='service_name = "ca\\"rt" AND severity_number >= 17', page_size=50
        )
    ]
    parsed = json_format.Parse(run("logs", "search", "--json").stdout, log_service_pb2.SearchLogsResponse())
    assert parsed.entries == server.entries


@pytest.mark.parametrize("entries", [0, 3])
@pytest.mark.parametrize(("reason", "remedy"), [("BYTES", "shorter time"), ("TIME", "shorter time"), ("BUSY", "again")])
def test_a_search_that_looked_at_less_than_everything_says_so(
    server: RememberingServer, run: Run, entries: int, reason: str, remedy: str
) -> None:
    server.entries = [entry(AnyValue(string_value="timed out"))] * entries
    complete = run("logs", "search", "--limit", "2")
    assert (complete.exit_code, complete.stderr) == (0, "")
    server.incomplete_reason = getattr(SearchLogsResponse, f"INCOMPLETE_REASON_{reason}")
    result = run("logs", "search", "--limit", "2")
    assert (result.exit_code, result.stdout) == (0, complete.stdout)
    assert "records may be missing" in result.stderr
    assert remedy in result.stderr
    document = json.loads(run("logs", "search", "--limit", "2", "--json").stdout)
    assert document["incompleteReason"] == f"INCOMPLETE_REASON_{reason}"


def test_a_body_that_is_no_text_is_shown_on_one_line(server: RememberingServer, run: Run) -> None:
    values = KeyValueList(values=[KeyValue(key="order", value=AnyValue(int_value=7))])
    server.entries = [entry(AnyValue(kvlist_value=values))]
    assert 'key: "order" value { int_value: 7 }' in run("logs", "search").stdout


def test_templates_are_listed(server: RememberingServer, run: Run) -> None:
    template = log_pb2.LogTemplate(
        template_id="t1",
        text="user <*> logged in",
        count=42,
        max_severity_number=9,
        last_seen_time=Timestamp(seconds=1),
    )
    template.service.CopyFrom(service_pb2.Service(service_name="cart"))
    server.templates = [template]
    result = run("templates", "--service", "cart")
    for text in ("42", "INFO", "cart", "user <*> logged in", "t1"):
        assert text in result.stdout
    assert server.requests == [log_service_pb2.ListLogTemplatesRequest(service_name="cart", page_size=50)]
    parsed = json_format.Parse(run("templates", "--json").stdout, log_service_pb2.ListLogTemplatesResponse())
    assert parsed.templates == [template]


def test_the_graph_is_shown_with_calls_failures_and_times(server: RememberingServer, run: Run) -> None:
    server.service_graph = service_graph_pb2.ServiceGraph(
        nodes=[
            service_graph_pb2.ServiceNode(service_name="cart", span_count=10, error_count=1, log_count=3),
            service_graph_pb2.ServiceNode(service_name="db", kind=service_graph_pb2.ServiceNode.KIND_INFERRED),
        ],
        edges=[
            service_graph_pb2.ServiceEdge(
                client="cart",
                server="db",
                request_count=200,
                failed_request_count=5,
                p50_duration=Duration(nanos=1_500_000),
                p95_duration=Duration(seconds=2),
                basis=service_graph_pb2.ServiceEdge.BASIS_PEER_ATTRIBUTE,
                asynchronous=True,
            )
        ],
    )
    result = run("graph", "--service", "cart", "--depth", "3", "--since", "15m")
    assert result.exit_code == 0, result.output
    for text in ("cart → db", "200", "5 (2.5%)", "1.5 ms", "2,000.0 ms", "through a queue", "seen by the caller only"):
        assert text in result.stdout
    assert "1 (10.0%)" in result.stdout
    assert "sends nothing itself" in result.stdout
    (request,) = server.requests
    assert isinstance(request, root_cause_service_pb2.GetServiceGraphRequest)
    assert (request.service_name, request.depth) == ("cart", 3)
    assert request.end_time.ToNanoseconds() - request.start_time.ToNanoseconds() == 15 * 60 * 10**9
    parsed = json_format.Parse(run("graph", "--json").stdout, root_cause_service_pb2.GetServiceGraphResponse())
    assert parsed.service_graph == server.service_graph


def test_without_since_the_graph_is_of_everything(server: RememberingServer, run: Run) -> None:
    assert run("graph").stdout == "No services seen yet.\n"
    assert server.requests == [root_cause_service_pb2.GetServiceGraphRequest()]


def test_an_answer_comes_with_its_sources(server: RememberingServer, run: Run) -> None:
    part, citation = root_cause_service_pb2.AnswerQuestionResponse, root_cause_service_pb2.Citation
    server.answer = [
        part(text="Payment was slow.\n"),
        part(citation=citation(incident="incidents/a1")),
        part(text="It was rolled back."),
        part(citation=citation(trace_id="ab")),
        part(citation=citation(trace_id="ab")),
    ]
    result = run("ask", "why", "is", "it", "slow?", "--incident", "a1")
    assert result.stdout == "Payment was slow.\nIt was rolled back.\n\nFrom\n  incidents/a1\n  trace ab\n"
    assert server.requests == [
        root_cause_service_pb2.AnswerQuestionRequest(question="why is it slow?", incident="incidents/a1")
    ]
    document = json.loads(run("ask", "why?", "--json").stdout)
    assert document["text"] == "Payment was slow.\nIt was rolled back."
    assert document["citations"] == [{"incident": "incidents/a1"}, {"traceId": "ab"}, {"traceId": "ab"}]
