"""Incidents, buckets and logs to test with."""

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey, service_key
from analyzers.summary import EdgeKey, EdgeStats, ServiceSummary, Summary, TemplateCount
from rca.diagnosis import Diagnosis, Evidence, RootCause, RuledOut, SimilarIncident
from rca.graph import build_graph
from rca.incident import Incident, Severity, State

SECOND = 1_000_000_000
# 2026-01-31T08:00:00Z
T0 = 1_769_846_400 * SECOND
CART = service_key("cart", "shop", "production")
PAYMENT = service_key("payment", "shop", "production")
STAGING_CART = service_key("cart", "shop", "staging")
TRACE = bytes(range(16))


def exemplar(second: float, body: str, severity: int = 17, pod: str = "cart-1", trace_id: bytes = TRACE) -> LogExemplar:
    return LogExemplar(
        time_unix_nano=T0 + round(second * SECOND),
        trace_id=trace_id,
        span_id=bytes(range(8)),
        body=body,
        severity=severity,
        pod=pod,
        scope="logger",
        exception_type="IOError",
    )


def anomaly(service: ServiceKey = PAYMENT) -> Anomaly:
    return Anomaly(
        service,
        "error_share",
        "connection refused",
        surprise=12.0,
        observed=30.0,
        expected=1.0,
        unit="records",
        start_unix_nano=T0,
        end_unix_nano=T0 + 30 * SECOND,
        description="30 errors instead of 1",
        template_id="t1",
        peer=CART,
        pod="payment-1",
        exemplars=(exemplar(1, "connection refused by 10.0.0.1"),),
        trace_ids=(TRACE,),
    )


def diagnosis() -> Diagnosis:
    evidence = (
        Evidence("self_time", 3.0, "slow by itself", ("a1",), (TRACE,), "t1"),
        Evidence("callee_errors", -1.0, "its database failed too"),
    )
    return Diagnosis(
        (RootCause(PAYMENT, evidence, "payment is down", (PAYMENT, CART), 0.75, "payment-1", "charge", T0 + SECOND),),
        (RuledOut(CART, "only passes the error on"),),
        "payment failed, cart noticed",
        ("restart payment",),
        build_graph(bucket(0, edges=((CART, PAYMENT, False),))),
        T0 + 60 * SECOND,
        (SimilarIncident("old", "payment fails", 0.5, ("t1",), ("t2",), "restarted it", T0 - SECOND, "payment"),),
        model="",
    )


def incident(incident_id: str = "a", **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "title": f"incident {incident_id}",
        "state": State.OPEN,
        "severity": Severity.HIGH,
        "services": (CART, PAYMENT),
        "anomalies": (anomaly(),),
        "start_unix_nano": T0,
        "create_unix_nano": T0 + 30 * SECOND,
        "update_unix_nano": T0 + 40 * SECOND,
        "diagnosis": diagnosis(),
    }
    return Incident(incident_id, **{**values, **changes})


def template(text: str, *exemplars: LogExemplar, count: int | None = None) -> TemplateCount:
    times = [item.time_unix_nano for item in exemplars]
    return TemplateCount(
        text,
        count=len(exemplars) if count is None else count,
        max_severity=max((item.severity for item in exemplars), default=0),
        first_unix_nano=min(times, default=2**63 - 1),
        last_unix_nano=max(times, default=0),
        exemplars=exemplars,
    )


def bucket(
    second: int,
    templates: dict[ServiceKey, dict[str, TemplateCount]] | None = None,
    edges: tuple[tuple[ServiceKey, ServiceKey, bool], ...] = (),
) -> Summary:
    """Five seconds from `second` on; edges are (client, server, inferred) with two calls of 2 ms, one failed."""
    start = T0 + second * SECOND
    summary = Summary(start, start + 5 * SECOND)
    for service, counts in (templates or {}).items():
        records = sum(item.count for item in counts.values())
        summary.services[service] = ServiceSummary(records=records, templates=dict(counts))
    for client, server, inferred in edges:
        stats = EdgeStats(calls=2, errors=1)
        stats.duration.add(2_000_000, 2)
        summary.edges[EdgeKey(client, server, inferred=inferred)] = stats
    return summary


def logs(*bodies: str) -> LogsData:
    records = [LogRecord(body=AnyValue(string_value=body)) for body in bodies]
    return LogsData(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])])
