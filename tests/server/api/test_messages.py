"""Everything the domain says is said on the wire."""

import pytest
from hypocenter.v1 import incident_pb2

from rca.incident import Severity, State
from server.api.messages.anomalies import to_anomaly
from server.api.messages.incidents import from_severity, to_incident, to_severity
from server.api.messages.logs import to_log_entry
from tests.server.api.samples import CART, SECOND, T0, TRACE, anomaly, exemplar, incident

FULL = incident_pb2.INCIDENT_VIEW_FULL


def test_an_incident_without_its_later_times_leaves_them_unset() -> None:
    message = to_incident(incident("a"), FULL)
    for field in ("end_time", "acknowledge_time", "resolve_time", "reopen_time"):
        assert not message.HasField(field)
    assert message.start_time.ToNanoseconds() == T0
    assert (message.previous_incident, message.merged_into) == ("", "")


def test_an_incident_with_everything() -> None:
    full = incident(
        "a",
        state=State.RESOLVED,
        labels={"team": "shop"},
        resolution="restarted",
        end_unix_nano=T0 + 1,
        acknowledge_unix_nano=T0 + 2,
        resolve_unix_nano=T0 + 3,
        reopen_count=2,
        reopen_unix_nano=T0 + 4,
        auto_resolved=True,
        previous_incident="b",
        merged_into="c",
        revision=4,
    )
    message = to_incident(full, FULL)
    assert (message.name, message.etag) == ("incidents/a", full.etag)
    assert list(message.service_names) == ["cart", "payment"]
    assert [service.service_namespace for service in message.services] == ["shop", "shop"]
    times = (message.end_time, message.acknowledge_time, message.resolve_time, message.reopen_time)
    assert [time.ToNanoseconds() - T0 for time in times] == [1, 2, 3, 4]
    assert (message.reopen_count, message.auto_resolved) == (2, True)
    assert (message.previous_incident, message.merged_into) == ("incidents/b", "incidents/c")
    assert dict(message.labels) == {"team": "shop"}


def test_a_diagnosis_carries_its_evidence() -> None:
    message = to_incident(incident("a"), FULL).diagnosis
    (cause,) = message.root_causes
    assert cause.score == sum(item.contribution for item in cause.evidence) == 2.0
    assert (cause.service_name, list(cause.propagation_path)) == ("payment", ["payment", "cart"])
    assert (cause.hypothesis, cause.confidence, cause.pod_name, cause.operation) == (
        "payment is down",
        0.75,
        "payment-1",
        "charge",
    )
    assert cause.onset_time.ToNanoseconds() == T0 + SECOND
    assert list(cause.evidence[0].trace_ids) == [TRACE.hex()]
    assert (cause.evidence[0].template_id, list(cause.evidence[0].anomaly_ids)) == ("t1", ["a1"])
    assert (message.ruled_out[0].service_name, message.ruled_out[0].reason) == ("cart", "only passes the error on")
    similar = message.similar_incidents[0]
    assert (similar.incident, similar.score, similar.resolution) == ("incidents/old", 0.5, "restarted it")
    assert (list(similar.shared), list(similar.different)) == (["t1"], ["t2"])
    assert similar.root_cause_service_name == "payment"
    assert list(message.remediation_steps) == ["restart payment"]
    assert [edge.client for edge in message.service_graph.edges] == ["cart"]


def test_an_anomaly_shows_its_records() -> None:
    message = to_anomaly(anomaly())
    assert message.score == pytest.approx(0.75)
    assert (message.surprise, message.observed, message.expected, message.unit) == (12.0, 30.0, 1.0, "records")
    assert (message.peer_service.service_name, message.pod_name) == ("cart", "payment-1")
    assert list(message.trace_ids) == [TRACE.hex()]
    assert message.samples[0].service_name == "payment"
    assert message.samples[0].record.body.string_value.startswith("connection refused")
    assert message.end_time.ToNanoseconds() - message.start_time.ToNanoseconds() == 30 * SECOND


def test_severities_go_both_ways() -> None:
    assert [from_severity(to_severity(severity)) for severity in Severity] == list(Severity)
    assert to_severity(None) == incident_pb2.SEVERITY_UNSPECIFIED
    assert from_severity(incident_pb2.SEVERITY_UNSPECIFIED) is None


@pytest.mark.parametrize(("sent", "told"), [(0, 0), (24, 24), (25, 0), (-1, 0)])
def test_severity_numbers_that_are_none_are_unspecified(sent: int, told: int) -> None:
    assert to_log_entry(CART, "t", exemplar(1, "x", severity=sent)).record.severity_number == told
