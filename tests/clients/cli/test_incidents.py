"""What a person sees, what a program gets, and which requests that takes."""

import json
import re
from collections.abc import Callable

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.client.testing import RememberingServer
from hypocenter.v1 import incident_pb2, incident_service_pb2, root_cause_pb2
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from clients.cli.incident_view import rounded_to_total

Run = Callable[..., Result]
# 2023-11-14 22:13:20 UTC
START = Timestamp(seconds=1_700_000_000)


def incident() -> incident_pb2.Incident:
    evidence = root_cause_pb2.Evidence
    return incident_pb2.Incident(
        name="incidents/a1",
        title="Checkout fails: payment times out",
        state=incident_pb2.Incident.STATE_OPEN,
        severity=incident_pb2.SEVERITY_HIGH,
        service_names=["checkout", "payment"],
        start_time=START,
        labels={"team": "money"},
        etag="1",
        diagnosis=root_cause_pb2.Diagnosis(
            summary="Payment became slow, and checkout with it.",
            root_causes=[
                root_cause_pb2.RootCause(
                    service_name="payment",
                    score=7.425,
                    confidence=0.81,
                    hypothesis="payment itself is slow",
                    propagation_path=["payment", "checkout", "frontend"],
                    pod_name="payment-1",
                    operation="Charge",
                    onset_time=START,
                    evidence=[
                        evidence(signal="self_time", contribution=4.105, description="40 ms became 900 ms"),
                        evidence(
                            signal="error_share", contribution=3.8, template_id="t9", trace_ids=["ab", "cd", "ef"]
                        ),
                        evidence(signal="callee_also_slow", contribution=-0.48, description="so was the database"),
                    ],
                ),
                root_cause_pb2.RootCause(service_name="cart", score=1.2),
            ],
            ruled_out=[root_cause_pb2.RuledOut(service_name="database", reason="slow only when payment calls it")],
            similar_incidents=[
                root_cause_pb2.SimilarIncident(
                    incident="incidents/old",
                    title="Payment slow after release",
                    score=0.83,
                    resolution="rolled back payment 1.4",
                    shared=["template t9"],
                    different=["edge cart -> db"],
                    start_time=START,
                    root_cause_service_name="payment",
                )
            ],
            remediation_steps=["Look at the last release of payment"],
        ),
    )


def test_the_list_shows_severity_cause_and_age(server: RememberingServer, run: Run) -> None:
    server.put(incident())
    result = run("incidents", "list", "--filter", "state = OPEN")
    assert result.exit_code == 0, result.output
    line = result.stdout.splitlines()[1]
    assert re.search(r"HIGH +OPEN +2023-11-14 22:13:20 UTC \(\d+y ago\) +Checkout fails", line)
    assert "payment " in line
    assert "incidents/a1" in line
    assert server.requests == [
        incident_service_pb2.ListIncidentsRequest(
            filter="state = OPEN", page_size=50, view=incident_pb2.INCIDENT_VIEW_FULL
        )
    ]


def test_an_incident_is_shown_with_everything_that_supports_it(server: RememberingServer, run: Run) -> None:
    server.put(incident())
    result = run("incidents", "show", "a1")
    assert result.exit_code == 0, result.output
    for text in (
        "HIGH  OPEN  Checkout fails: payment times out",
        "still going on",
        "checkout, payment",
        "team=money",
        "payment  score 7.42  confidence 81%",
        "pod payment-1, Charge, first off normal 2023-11-14 22:13:20 UTC",
        "payment itself is slow",
        "payment → checkout → frontend",
        "40 ms became 900 ms",
        "template t9, trace ab, trace cd",
        "slow only when payment calls it",
        "Payment slow after release  83% alike",
        "fixed by: rolled back payment 1.4",
        "in common: template t9",
        "1. Look at the last release of payment",
    ):
        assert text in result.stdout
    weights = [float(weight) for weight in re.findall(r"^ +([+-]\d+\.\d\d) ", result.stdout, re.MULTILINE)]
    *parts, total = weights
    assert len(parts) == 3
    assert sum(parts) == pytest.approx(total)
    assert f"score {total:.2f}" in result.stdout
    assert "does not add up" not in result.stdout


def test_evidence_that_does_not_add_up_is_said(server: RememberingServer, run: Run) -> None:
    wrong = incident()
    wrong.diagnosis.root_causes[0].score = 9
    server.put(wrong)
    assert "does not add up" in run("incidents", "show", "a1").stdout


def test_when_it_came_back_is_said(server: RememberingServer, run: Run) -> None:
    back = incident()
    back.reopen_count = 2
    back.reopen_time.CopyFrom(Timestamp(seconds=START.seconds + 600))
    server.put(back)
    assert re.search(r"came back +2 times, last 2023-11-14 22:23:20", run("incidents", "show", "a1").stdout)


def test_an_inconclusive_diagnosis_says_what_is_missing(server: RememberingServer, run: Run) -> None:
    diagnosis = root_cause_pb2.Diagnosis(inconclusive_reason="no spans from payment")
    server.put(incident_pb2.Incident(name="incidents/a1", title="Something", diagnosis=diagnosis))
    assert "no spans from payment" in run("incidents", "show", "a1").stdout


@pytest.mark.parametrize(
    ("arguments", "response"),
    [
        (["list"], incident_service_pb2.ListIncidentsResponse(incidents=[incident()])),
        (["show", "a1"], incident_service_pb2.GetIncidentResponse(incident=incident())),
        (
            ["search", "payment"],
            incident_service_pb2.SearchIncidentsResponse(
                matches=[incident_service_pb2.SearchIncidentsResponse.Match(incident=incident(), score=1)]
            ),
        ),
    ],
)
def test_json_is_one_document_of_the_api(
    server: RememberingServer,
    run: Run,
    arguments: list[str],
    response: incident_service_pb2.GetIncidentResponse,
) -> None:
    server.put(incident())
    result = run("incidents", *arguments, "--json")
    assert result.exit_code == 0, result.output
    assert json_format.Parse(result.stdout, type(response)()) == response


def test_an_empty_list_is_a_list_in_json_and_a_sentence_else(run: Run) -> None:
    assert json.loads(run("incidents", "list", "--json").stdout) == {"incidents": [], "nextPageToken": ""}
    assert run("incidents", "list").stdout == "No incidents.\n"
    assert run("incidents", "search", "x").stdout == "Nothing found.\n"


def test_the_limit_holds_across_pages(server: RememberingServer, run: Run) -> None:
    for number in range(130):
        server.put(incident_pb2.Incident(name=f"incidents/{number}"))
    assert len(json.loads(run("incidents", "list", "--limit", "120", "--json").stdout)["incidents"]) == 120


def test_an_incident_is_acknowledged_and_resolved(server: RememberingServer, run: Run) -> None:
    server.put(incident())
    assert "Acknowledged: Checkout fails" in run("incidents", "ack", "incidents/a1", "--etag", "1").stdout
    assert server.incidents["incidents/a1"].state == incident_pb2.Incident.STATE_ACKNOWLEDGED
    assert "Resolved: Checkout fails" in run("incidents", "resolve", "a1", "-m", "rolled back").stdout
    assert server.incidents["incidents/a1"].resolution == "rolled back"
    stale = run("incidents", "ack", "a1", "--etag", "1")
    assert (stale.exit_code, stale.stdout) == (1, "")
    assert stale.stderr == "error: ABORTED: the incident changed meanwhile\n"


def test_a_watch_shows_what_is_and_what_comes(server: RememberingServer, run: Run) -> None:
    server.put(incident())
    lines = run("incidents", "watch", "--limit", "2").stdout.splitlines()
    assert re.search(r"UTC  created  HIGH  Checkout fails: payment times out  cause payment  incidents/a1$", lines[0])
    assert lines[1] == "watching for changes; Ctrl-C ends it"


def test_a_watch_in_json_is_one_message_a_line(server: RememberingServer, run: Run) -> None:
    server.put(incident())
    lines = run("incidents", "watch", "--limit", "2", "--json").stdout.splitlines()
    events = [json_format.Parse(line, incident_service_pb2.WatchIncidentsResponse()) for line in lines]
    assert [event.incident.name for event in events] == ["incidents/a1", ""]


@given(st.lists(st.floats(-50, 50), max_size=12))
def test_rounded_weights_add_up_to_the_rounded_score(weights: list[float]) -> None:
    total = sum(weights)
    rounded = rounded_to_total(weights, total)
    assert sum(rounded) == pytest.approx(round(total, 2), abs=1e-9)
    assert all(abs(one - two) <= 0.0100001 for one, two in zip(weights, rounded, strict=True))
