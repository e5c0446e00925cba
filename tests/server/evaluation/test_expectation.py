"""What a scenario expects against incidents made by hand."""

from dataclasses import replace
from typing import Any

import pytest

from analyzers.anomaly import Anomaly
from analyzers.service import service_key
from rca.diagnosis import Diagnosis, Evidence, RootCause
from rca.graph import ServiceGraph
from rca.incident import Incident, Severity, State
from server.evaluation.expectation import blamed, unmet
from server.evaluation.simulation import Scenario, pod_name
from tests.server.evaluation.simulation.small import START, small

FINDING = Anomaly(service_key("middle"), "edge_gap", "front -> middle", 9.0, 50.0, 2.0, "ms", START, START + 5, "slow")


def incident(service: str = "middle", *, pod: str = "", operation: str = "", inconclusive: str = "") -> Incident:
    evidence = Evidence("edge_gap", 2.0, '"done with <*>" fell', (FINDING.anomaly_id,))
    cause = RootCause(service_key(service), (evidence,), "it is slow", (), pod=pod, operation=operation)
    diagnosis = Diagnosis(
        (cause,), (), "Middle is slow.", (), ServiceGraph(START, START + 5, (), ()), START, (), inconclusive
    )
    return Incident(
        "1", "Middle", State.OPEN, Severity.HIGH, (service_key(service),), (FINDING,), START, START, START, diagnosis
    )


def scenario(**expected: Any) -> Scenario:
    return small(faults=[{"kind": "slow", "service": "middle", "factor": 2, "at": "1s"}], expected=expected)


@pytest.mark.parametrize(
    ("cause", "found"),
    [
        ({"service": "middle"}, incident()),
        ({"service": "front", "also": ["middle"]}, incident()),
        ({"service": "middle", "pod": 0}, incident(pod=pod_name("middle", "1.0.0", 0, 1))),
        ({"service": "middle", "pod": "middle-x"}, incident(pod="middle-x")),
        ({"service": "middle", "edge": "front -> middle"}, incident()),
        ({"service": "middle", "operation": "POST /m"}, incident(operation="POST /m")),
        ({"service": "middle", "log": "done with"}, incident()),
    ],
)
def test_what_is_expected_and_found(cause: dict[str, Any], found: Incident) -> None:
    assert unmet(scenario(causes=[cause]), [found]) == ()


@pytest.mark.parametrize(
    ("expected", "found", "complaint"),
    [
        ({}, [incident()], "1 incidents instead of 0"),
        ({"incidents": 1}, [], "0 incidents instead of 1"),
        ({"causes": [{"service": "middle"}]}, [incident("front")], "middle is not first in any incident, but front"),
        ({"causes": [{"service": "middle"}]}, [incident(inconclusive="a tie")], "middle is not first .* but nobody"),
        ({"causes": [{"service": "middle", "pod": 0}]}, [incident()], "the pod is not named instead of middle-"),
        (
            {"causes": [{"service": "middle", "edge": "a -> b"}]},
            [incident()],
            "a -> b is not evidence",
        ),
        ({"causes": [{"service": "middle", "operation": "POST /m"}]}, [incident()], "the operation is not named"),
        ({"causes": [{"service": "middle", "log": "working on"}]}, [incident()], "no evidence quotes 'working on'"),
        ({"incidents": 1, "not_blamed": ["middle"]}, [incident()], "middle is blamed"),
        ({"incidents": 1, "says": "telemetry"}, [incident()], "no incident says 'telemetry'"),
        ({"incidents": 1, "ended": True}, [incident()], "1 incidents have not ended"),
        ({"incidents": 1, "ended": False}, [replace(incident(), end_unix_nano=START + 9)], "1 incidents have ended"),
    ],
)
def test_what_is_expected_and_not_found(expected: dict[str, Any], found: list[Incident], complaint: str) -> None:
    (told,) = unmet(scenario(**expected), found)
    assert complaint.split(".*")[0].strip() in told
    assert complaint.split(".*")[-1].strip() in told


def test_two_faults_want_two_incidents_with_a_cause_each() -> None:
    wanted = scenario(causes=[{"service": "middle"}, {"service": "worker"}])
    assert unmet(wanted, [incident("middle"), incident("worker")]) == ()
    (told,) = unmet(wanted, [incident("middle"), incident("middle")])
    assert told == "worker is not first in any incident, but middle, middle"


def test_the_title_the_summary_and_the_labels_say_something() -> None:
    labelled = replace(incident(), labels={"hypocenter.new_normal": "accepted"})
    for text in ("MIDDLE IS", "new normal"):
        assert unmet(scenario(incidents=1, says=text), [labelled]) == ()


def test_merged_incidents_do_not_count() -> None:
    merged = replace(incident("front"), merged_into="incidents/1")
    assert unmet(scenario(causes=[{"service": "middle"}]), [incident(), merged]) == ()


def test_a_pod_of_a_new_version_is_named_after_it() -> None:
    event = {"deploy": "middle", "version": "2.0.0", "at": "1s"}
    wanted = small(events=[event], expected={"causes": [{"service": "middle", "pod": 0}]})
    assert unmet(wanted, [incident(pod=pod_name("middle", "2.0.0", 0, 1))]) == ()


def test_nobody_is_blamed_without_a_diagnosis() -> None:
    assert blamed(replace(incident(), diagnosis=None)) is None
    assert blamed(incident(inconclusive="a tie")) is None
