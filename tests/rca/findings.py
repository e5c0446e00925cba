"""Anomalies and graphs for tests of what is made of them."""

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey, service_key
from analyzers.summary import EdgeKey, Summary
from rca.graph import ServiceGraph, build_graph

SECOND = 1_000_000_000
NOON = 1_749_988_800 * SECOND
FRONTEND, CHECKOUT, PAYMENT, LEDGER, CATALOG, MAIL = (
    service_key(name) for name in ("frontend", "checkout", "payment", "ledger", "catalog", "mail")
)
# frontend -> checkout -> payment -> ledger, frontend -> catalog; mail stands alone.
CALLS = ((FRONTEND, CHECKOUT), (CHECKOUT, PAYMENT), (PAYMENT, LEDGER), (FRONTEND, CATALOG))
ALL = (FRONTEND, CHECKOUT, PAYMENT, LEDGER, CATALOG, MAIL)


def finding(
    service: ServiceKey = PAYMENT,
    detector: str = "self_time",
    surprise: float = 12.0,
    *,
    at: int = NOON,
    onset: int = 0,
    subject: str = "Charge",
    peer: ServiceKey | None = None,
    pod: str = "",
    exemplars: tuple[LogExemplar, ...] = (),
) -> Anomaly:
    """Found in the window of 15 s that begins `at`."""
    template = detector in ("new_template", "template_rate")
    return Anomaly(
        service=service,
        detector=detector,
        subject=subject,
        surprise=surprise,
        observed=2.0,
        expected=1.0,
        unit="ms",
        start_unix_nano=at,
        end_unix_nano=at + 15 * SECOND,
        description=f"{subject} departs from normal",
        template_id=f"id of {subject}" if template else "",
        peer=peer,
        pod=pod,
        exemplars=exemplars,
        trace_ids=(b"t" * 16,),
        onset_unix_nano=onset or at,
    )


def graph(*calls: tuple[ServiceKey, ServiceKey], services: tuple[ServiceKey, ...] = ALL) -> ServiceGraph:
    return build_graph(summary(*calls, services=services))


def summary(*calls: tuple[ServiceKey, ServiceKey], services: tuple[ServiceKey, ...] = ALL) -> Summary:
    """One call along each edge, 10 ms each."""
    whole = Summary(NOON, NOON + 15 * SECOND)
    for service in services:
        whole.service(service).spans += 1
    for client, server in calls:
        edge = whole.edge(EdgeKey(client, server))
        edge.calls += 1
        edge.duration.add(10_000_000)
    return whole


SHOP = graph(*CALLS)


def log(body: str, severity: int = 17, exception_type: str = "") -> LogExemplar:
    return LogExemplar(NOON, b"", b"", body, severity, "", "", exception_type)
