"""Incidents for tests of what keeps and compares them."""

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey, service_key
from rca.diagnosis import Diagnosis, Evidence, RootCause, RuledOut, SimilarIncident
from rca.following import Following
from rca.graph import Edge, Node, ServiceGraph
from rca.incident import Incident, Severity, State

CHECKOUT = service_key("checkout", "shop", "production")
PAYMENT = service_key("payment", "shop", "production")
DATABASE = service_key("postgresql")
SECOND = 1_000_000_000


def exemplar(body: str = "connection refused", severity: int = 17, exception_type: str = "") -> LogExemplar:
    return LogExemplar(SECOND, b"\x01" * 16, b"\xff" * 8, body, severity, "pod-1", "app", exception_type)


def anomaly(
    service: ServiceKey = PAYMENT,
    detector: str = "new_template",
    subject: str = "connection pool exhausted after <*> ms",
    *,
    template_id: str = "",
    surprise: float = 9.5,
    peer: ServiceKey | None = None,
    exemplars: tuple[LogExemplar, ...] = (),
) -> Anomaly:
    return Anomaly(
        service=service,
        detector=detector,
        subject=subject,
        surprise=surprise,
        observed=12.0,
        expected=0.1,
        unit="records",
        start_unix_nano=5 * SECOND,
        end_unix_nano=10 * SECOND,
        description="seen 12 times",
        template_id=template_id,
        pod="pod-1",
        peer=peer,
        exemplars=exemplars,
        trace_ids=(b"\x00\xfe" * 8,),
        onset_unix_nano=6 * SECOND,
    )


def diagnosis(cause: ServiceKey = PAYMENT, hypothesis: str = "payment itself became slow") -> Diagnosis:
    evidence = Evidence("self_time", 1.25, "charge: 800 ms", ("a1",), (b"\x00\xfe" * 8,), "t1")
    graph = ServiceGraph(
        0,
        10 * SECOND,
        (Node(CHECKOUT, 10, 1, 20, True), Node(DATABASE, 0, 0, 0, False), Node(PAYMENT, 9, 9, 9, True)),
        (
            Edge(CHECKOUT, PAYMENT, 9, 9, 1.5e6, 8.25e8, False, False),
            Edge(PAYMENT, DATABASE, 9, 0, 1e6, 2e6, True, True),
        ),
        (Following(CHECKOUT, PAYMENT, 9, 10),),
    )
    return Diagnosis(
        root_causes=(
            RootCause(cause, (evidence,), hypothesis, (cause, CHECKOUT), 0.75, "pod-1", "charge", 6 * SECOND),
        ),
        ruled_out=(RuledOut(CHECKOUT, "it only waits"),),
        summary="payment is slow",
        remediation_steps=("look at the pool",),
        graph=graph,
        diagnose_unix_nano=11 * SECOND,
        similar=(SimilarIncident("past", "Earlier", 0.5, ("a",), ("b",), "restarted", SECOND, "payment"),),
        model="none",
    )


def incident(
    incident_id: str = "one",
    title: str = "Payments fail",
    *,
    start: int = 5 * SECOND,
    services: tuple[ServiceKey, ...] = (PAYMENT, CHECKOUT),
    anomalies: tuple[Anomaly, ...] = (),
    diagnosis: Diagnosis | None = None,
    resolution: str = "",
    revision: int = 1,
    merged_into: str = "",
) -> Incident:
    return Incident(
        incident_id=incident_id,
        title=title,
        state=State.RESOLVED if resolution else State.OPEN,
        severity=Severity.HIGH,
        services=services,
        anomalies=anomalies,
        start_unix_nano=start,
        create_unix_nano=start + SECOND,
        update_unix_nano=start + 2 * SECOND,
        diagnosis=diagnosis,
        labels={"team": "payments"},
        resolution=resolution,
        revision=revision,
        merged_into=merged_into,
    )


def full_incident(incident_id: str = "full", *, start: int = 5 * SECOND, revision: int = 1) -> Incident:
    """One with something in every part."""
    return incident(
        incident_id,
        start=start,
        revision=revision,
        anomalies=(
            anomaly(template_id="t1", exemplars=(exemplar(exception_type="com.shop.PoolTimeoutException"),)),
            anomaly(detector="edge_gap", subject="checkout -> payment", peer=CHECKOUT, surprise=-0.1),
        ),
        diagnosis=diagnosis(),
        resolution="raised the size of the pool",
    )
