"""How urgent an incident is."""

from collections.abc import Collection, Sequence

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.graph import ServiceGraph, Topology
from rca.incident import Severity

# Detectors whose findings mean that requests fail or that work is not done, not only that it is slower or noisier.
FAILING = frozenset({"span_errors", "error_share", "throughput", "edge_calls"})
_FAR = 20.0


def incident_severity(anomalies: Sequence[Anomaly], graph: ServiceGraph) -> Severity:
    """From what is affected and how far from normal; pure.

    One point each: requests fail or work is left undone; a service where requests come in is affected; three or more
    services are affected, or half of all; something is further than 20 standard deviations from normal.
    No point or one is LOW, two MEDIUM, three HIGH, four CRITICAL.
    """
    affected = {anomaly.service for anomaly in anomalies}
    points = sum(
        (
            any(anomaly.detector in FAILING for anomaly in anomalies),
            _reaches_users(affected, graph),
            len(affected) >= 3 or (len(graph.nodes) >= 2 and 2 * len(affected) >= len(graph.nodes)),
            any(abs(anomaly.surprise) > _FAR for anomaly in anomalies),
        )
    )
    return Severity(max(1, points))


def _reaches_users(affected: Collection[ServiceKey], graph: ServiceGraph) -> bool:
    return bool(Topology(graph).entrances() & set(affected))
