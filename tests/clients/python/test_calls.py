"""Every call sends what it was told to and returns what the server said."""

import itertools

import pytest
from hypocenter.client import Client, Conflict, NotFound, Tls
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import (
    incident_pb2,
    incident_service_pb2,
    log_pb2,
    log_service_pb2,
    root_cause_pb2,
    root_cause_service_pb2,
    service_graph_pb2,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs


def test_logs_are_analyzed_as_sent(server: RememberingServer, client: Client) -> None:
    server.analysis.analyzed_record_count = 1
    record = LogRecord(time_unix_nano=1, trace_id=b"\x01" * 16)
    logs = LogsData(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[record])])])
    answer = client.analyze_logs(logs, detectors=["error_share"], request_id="r1", allow_language_model=True)
    assert answer.analyzed_record_count == 1
    assert server.requests == [
        log_service_pb2.AnalyzeLogsRequest(
            logs=logs, detectors=["error_share"], request_id="r1", allow_language_model=True
        )
    ]


def test_logs_the_server_holds_are_analyzed_by_selector(server: RememberingServer, client: Client) -> None:
    selector = log_service_pb2.LogSelector(service_names=["cart"])
    client.analyze_logs(selector=selector)
    assert server.requests == [log_service_pb2.AnalyzeLogsRequest(selector=selector)]


@pytest.mark.parametrize("page_size", [0, 1, 7, 120, 1000])
def test_lists_are_read_to_the_end_page_by_page(server: RememberingServer, client: Client, page_size: int) -> None:
    for number in range(120):
        server.put(incident_pb2.Incident(name=f"incidents/{number}", title=f"broken {number}"))
    server.entries = [log_pb2.LogEntry(service_name=str(number)) for number in range(120)]
    server.templates = [log_pb2.LogTemplate(template_id=str(number)) for number in range(120)]
    expected = [str(number) for number in range(120)]
    listed = client.list_incidents(filter="state = OPEN", page_size=page_size)
    assert [i.name.removeprefix("incidents/") for i in listed] == expected
    pages = -(-120 // (page_size or 50))
    assert len(server.requests) == pages
    assert {(r.filter, r.page_size) for r in server.requests} == {("state = OPEN", page_size)}  # type: ignore[attr-defined]
    found = client.search_incidents("broken", page_size=page_size)
    assert [m.incident.title.removeprefix("broken ") for m in found] == expected
    assert [e.service_name for e in client.search_logs("x", page_size=page_size)] == expected
    assert [t.template_id for t in client.list_log_templates("cart", page_size=page_size)] == expected


def test_a_search_says_that_it_could_not_look_at_everything(server: RememberingServer, client: Client) -> None:
    server.entries = [log_pb2.LogEntry(service_name=str(number)) for number in range(5)]
    found = client.search_logs(page_size=2)
    assert next(found).service_name == "0"
    assert not found.incomplete_reason
    server.incomplete_reason = log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_TIME
    assert [next(found).service_name for _ in range(2)] == ["1", "2"]
    assert found.incomplete_reason == log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_TIME
    # What was said of one page holds for the search.
    server.incomplete_reason = log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_UNSPECIFIED
    assert [entry.service_name for entry in found] == ["3", "4"]
    assert found.incomplete_reason


def test_pages_that_nobody_reads_are_not_fetched(server: RememberingServer, client: Client) -> None:
    for number in range(10):
        server.put(incident_pb2.Incident(name=f"incidents/{number}"))
    assert len(list(itertools.islice(client.list_incidents(page_size=3), 3))) == 3
    assert len(server.requests) == 1


def test_an_incident_is_read_changed_and_moved(server: RememberingServer, client: Client) -> None:
    server.put(incident_pb2.Incident(name="incidents/a", title="old", etag="1"))
    assert client.get_incident("incidents/a", view=incident_pb2.INCIDENT_VIEW_BASIC).title == "old"
    changed = client.update_incident(
        incident_pb2.Incident(name="incidents/a", title="new", resolution="kept out by the mask"),
        update_mask=["title"],
    )
    assert (changed.title, changed.resolution) == ("new", "")
    assert client.acknowledge_incident("incidents/a").state == incident_pb2.Incident.STATE_ACKNOWLEDGED
    resolved = client.resolve_incident("incidents/a", "rolled back", etag=server.incidents["incidents/a"].etag)
    assert (resolved.state, resolved.resolution) == (incident_pb2.Incident.STATE_RESOLVED, "rolled back")
    with pytest.raises(Conflict):
        client.resolve_incident("incidents/a", etag="1")
    assert server.requests[0] == incident_service_pb2.GetIncidentRequest(
        name="incidents/a", view=incident_pb2.INCIDENT_VIEW_BASIC
    )


def test_an_absent_mask_is_not_an_empty_one(server: RememberingServer, client: Client) -> None:
    server.put(incident_pb2.Incident(name="incidents/a"))
    client.update_incident(incident_pb2.Incident(name="incidents/a", title="t"))
    client.update_incident(incident_pb2.Incident(name="incidents/a", title="t"), update_mask=[])
    absent, empty = server.requests
    assert isinstance(absent, incident_service_pb2.UpdateIncidentRequest)
    assert isinstance(empty, incident_service_pb2.UpdateIncidentRequest)
    assert not absent.HasField("update_mask")
    assert empty.HasField("update_mask")


def test_causes_graph_and_answers_come_back(server: RememberingServer, client: Client) -> None:
    server.diagnosis = root_cause_pb2.Diagnosis(summary="cart is slow")
    server.service_graph = service_graph_pb2.ServiceGraph(nodes=[service_graph_pb2.ServiceNode(service_name="cart")])
    server.answer = [
        root_cause_service_pb2.AnswerQuestionResponse(text="It was cart."),
        root_cause_service_pb2.AnswerQuestionResponse(citation=root_cause_service_pb2.Citation(trace_id="ab")),
    ]
    assert client.analyze_root_cause("incidents/a") == server.diagnosis
    symptom = root_cause_service_pb2.Symptom(service_name="cart")
    assert client.analyze_root_cause(symptom=symptom) == server.diagnosis
    assert client.get_service_graph(service_name="cart", depth=3) == server.service_graph
    assert list(client.answer_question("why?", incident="incidents/a")) == server.answer
    assert server.requests == [
        root_cause_service_pb2.AnalyzeRootCauseRequest(incident="incidents/a"),
        root_cause_service_pb2.AnalyzeRootCauseRequest(symptom=symptom),
        root_cause_service_pb2.GetServiceGraphRequest(service_name="cart", depth=3),
        root_cause_service_pb2.AnswerQuestionRequest(question="why?", incident="incidents/a"),
    ]


def test_the_token_travels_with_every_kind_of_call(server: RememberingServer) -> None:
    with Client(server.address, token="secret") as client:
        client.analyze_logs(LogsData())
        list(client.answer_question("why?"))
        next(client.watch_incidents())
    assert [entry.get("authorization") for entry in server.metadata] == ["Bearer secret"] * 3


def test_without_a_token_nothing_is_sent(server: RememberingServer, client: Client) -> None:
    with pytest.raises(NotFound):
        client.get_incident("incidents/none")
    assert "authorization" not in server.metadata[0]


def test_contradicting_options_are_refused() -> None:
    with pytest.raises(ValueError, match="contradict"):
        Client("elsewhere:4319", tls=Tls(), insecure=True)
    with pytest.raises(ValueError, match="both private_key and certificate_chain"):
        Tls(private_key=b"key")
    with pytest.raises(ValueError, match="more than 0"):
        Client(timeout=0)
