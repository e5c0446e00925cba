"""An incident as Hypocenter could send it, made by hand."""

from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.v1.incident_pb2 import SEVERITY_HIGH, Incident
from hypocenter.v1.root_cause_pb2 import Diagnosis, Evidence, RootCause, RuledOut, SimilarIncident


def timestamp(unix_nano: int) -> Timestamp:
    time = Timestamp()
    time.FromNanoseconds(unix_nano)
    return time


def payment_incident(unix_nano: int) -> Incident:
    cause = RootCause(
        service_name="payment",
        score=2.5,
        confidence=0.83,
        hypothesis="payment raises CardRoutingError since its routing table changed",
        propagation_path=["payment", "checkout", "gateway"],
        operation="POST /charges/{order}",
        pod_name="payment-7d9c-abcde",
        evidence=[
            Evidence(signal="propagation", contribution=-0.25, description="two callers suffer, a third does not"),
            Evidence(signal="error_origin", contribution=2.0, description="71 % of its spans fail", trace_ids=["ab12"]),
            Evidence(signal="new_template", contribution=0.75, description="new: no acquirer in routing table"),
        ],
    )
    diagnosis = Diagnosis(
        root_causes=[cause, RootCause(service_name="checkout", score=0.75, hypothesis="its own rollback")],
        summary="Charges fail in payment; checkout and gateway only pass it on.",
        ruled_out=[RuledOut(service_name="gateway", reason="its errors begin below it")],
        similar_incidents=[
            SimilarIncident(
                incident="incidents/old",
                score=0.91,
                title="payment cannot route cards",
                resolution="rolled the routing table back",
                root_cause_service_name="payment",
                start_time=timestamp(unix_nano - 86_400 * 10**9),
            )
        ],
        remediation_steps=["Roll back the routing table of payment."],
        diagnose_time=timestamp(unix_nano),
    )
    return Incident(
        name="incidents/abc",
        title="payment fails on most charges",
        state=Incident.STATE_OPEN,
        severity=SEVERITY_HIGH,
        service_names=["payment", "checkout", "gateway"],
        diagnosis=diagnosis,
        start_time=timestamp(unix_nano),
        create_time=timestamp(unix_nano),
        update_time=timestamp(unix_nano),
    )
