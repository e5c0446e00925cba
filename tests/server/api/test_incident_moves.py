"""Changing incidents: update, acknowledge, resolve, and the races between them."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypocenter.client.errors import from_rpc_error
from hypocenter.v1 import incident_pb2
from hypocenter.v1.incident_service_pb2 import (
    AcknowledgeIncidentRequest,
    ResolveIncidentRequest,
    UpdateIncidentRequest,
)
from hypocenter.v1.incident_service_pb2_grpc import IncidentServiceStub

from rca.incident import Severity, State
from tests.server.api.memory_backend import MemoryBackend
from tests.server.api.refusal import refusal, refused_fields
from tests.server.api.samples import SECOND, T0, bucket, incident

Incident = incident_pb2.Incident


def update(stub: IncidentServiceStub, *paths: str, **fields: object) -> Incident:
    mask = FieldMask(paths=paths) if paths else None
    message = Incident(name="incidents/a", **fields)  # type: ignore[arg-type]
    return stub.UpdateIncident(UpdateIncidentRequest(incident=message, update_mask=mask)).incident


def test_without_a_mask_what_is_set_is_changed(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    before = backend.put(incident("a", labels={"team": "shop"}))
    after = update(incidents, title="payment is down", severity="SEVERITY_CRITICAL", state="STATE_RESOLVED")
    assert (after.title, after.severity) == ("payment is down", incident_pb2.SEVERITY_CRITICAL)
    # Output only: sent back as read, not changed.
    assert after.state == Incident.STATE_OPEN
    assert dict(after.labels) == {"team": "shop"}
    assert after.etag != before.etag
    stored = backend.store.get("a")
    assert stored is not None
    assert (stored.title, stored.severity, stored.revision) == ("payment is down", Severity.CRITICAL, 2)


def test_with_a_mask_only_that_is_changed_and_may_be_cleared(
    incidents: IncidentServiceStub, backend: MemoryBackend
) -> None:
    backend.put(incident("a", labels={"team": "shop"}, resolution="unknown"))
    after = update(incidents, "labels", "resolution", title="ignored", labels={"team": "pay", "tier": "1"})
    assert dict(after.labels) == {"team": "pay", "tier": "1"}
    assert (after.title, after.resolution) == ("incident a", "")
    assert dict(update(incidents, "labels").labels) == {}


@pytest.mark.parametrize("path", ["state", "name", "etag", "anomalies", "diagnosis.summary", "labels.team", "*", ""])
def test_other_fields_are_not_the_callers(incidents: IncidentServiceStub, backend: MemoryBackend, path: str) -> None:
    backend.put(incident("a"))
    assert refused_fields(lambda: update(incidents, "title", path, title="x")) == ["update_mask"]
    assert backend.store.get("a") == incident("a")


def test_bad_values(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    assert refused_fields(lambda: update(incidents)) == ["update_mask"]
    assert refused_fields(lambda: update(incidents, "title", "severity")) == ["incident.title", "incident.severity"]
    assert refused_fields(lambda: update(incidents, severity=99)) == ["incident.severity"]
    assert refused_fields(lambda: update(incidents, title="x" * 301)) == ["incident.title"]
    assert refused_fields(lambda: update(incidents, resolution="x" * 16_385)) == ["incident.resolution"]
    assert refused_fields(lambda: update(incidents, labels={"": "x"})) == ["incident.labels"]
    many = {str(number): "x" for number in range(65)}
    assert refused_fields(lambda: update(incidents, labels=many)) == ["incident.labels"]
    assert refused_fields(lambda: incidents.UpdateIncident(UpdateIncidentRequest())) == ["incident.name"]


def test_what_is_not_there_can_not_be_moved(incidents: IncidentServiceStub) -> None:
    for call in (
        lambda: update(incidents, title="x"),
        lambda: incidents.AcknowledgeIncident(AcknowledgeIncidentRequest(name="incidents/a")),
        lambda: incidents.ResolveIncident(ResolveIncidentRequest(name="incidents/a")),
    ):
        assert refusal(call).code is grpc.StatusCode.NOT_FOUND


def test_acknowledge_then_again(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.buckets.append(bucket(100))
    backend.put(incident("a"))
    request = AcknowledgeIncidentRequest(name="incidents/a")
    first = incidents.AcknowledgeIncident(request).incident
    assert first.state == Incident.STATE_ACKNOWLEDGED
    assert first.acknowledge_time.ToNanoseconds() == T0 + 105 * SECOND
    assert first.diagnosis.summary
    again = incidents.AcknowledgeIncident(request).incident
    assert again == first
    assert backend.feed.sequence == 2


def test_a_resolved_incident_can_not_be_acknowledged(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a", state=State.RESOLVED))
    error = refusal(lambda: incidents.AcknowledgeIncident(AcknowledgeIncidentRequest(name="incidents/a")))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE")


def test_resolve_keeps_what_ended_it(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    backend.put(incident("a"))
    request = ResolveIncidentRequest(name="incidents/a", resolution="restarted payment")
    first = incidents.ResolveIncident(request).incident
    assert (first.state, first.resolution) == (Incident.STATE_RESOLVED, "restarted payment")
    assert first.resolve_time.ToNanoseconds() >= T0
    assert not first.auto_resolved
    assert incidents.ResolveIncident(request).incident == first
    # Nothing said is nothing changed; something said later is written down.
    assert incidents.ResolveIncident(ResolveIncidentRequest(name="incidents/a")).incident == first
    later = incidents.ResolveIncident(ResolveIncidentRequest(name="incidents/a", resolution="rolled back")).incident
    assert (later.resolution, later.resolve_time) == ("rolled back", first.resolve_time)
    too_long = ResolveIncidentRequest(name="incidents/a", resolution="x" * 16_385)
    assert refused_fields(lambda: incidents.ResolveIncident(too_long)) == ["resolution"]


def test_an_old_etag_is_aborted(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    old = backend.put(incident("a")).etag
    new = update(incidents, title="changed", etag=old).etag
    for call in (
        lambda: update(incidents, title="lost", etag=old),
        lambda: incidents.AcknowledgeIncident(AcknowledgeIncidentRequest(name="incidents/a", etag=old)),
        lambda: incidents.ResolveIncident(ResolveIncidentRequest(name="incidents/a", etag=old)),
    ):
        error = refusal(call)
        assert (error.code, error.reason) == (grpc.StatusCode.ABORTED, "CONFLICT")
    stored = backend.store.get("a")
    assert stored is not None
    assert (stored.title, stored.state, stored.etag) == ("changed", State.OPEN, new)


def test_of_many_with_one_etag_one_wins(incidents: IncidentServiceStub, backend: MemoryBackend) -> None:
    etag = backend.put(incident("a")).etag

    def attempt(number: int) -> grpc.StatusCode:
        try:
            update(incidents, title=f"by {number}", etag=etag)
        except grpc.RpcError as error:
            return from_rpc_error(error).code
        return grpc.StatusCode.OK

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(16)))
    assert codes.count(grpc.StatusCode.OK) == 1
    assert codes.count(grpc.StatusCode.ABORTED) == 15
    stored = backend.store.get("a")
    assert stored is not None
    assert stored.title == f"by {codes.index(grpc.StatusCode.OK)}"
