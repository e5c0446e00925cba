"""How urgent an incident is."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.graph import ServiceGraph, Topology
from rca.incident import Severity

# Detectors whose findings mean that requests fail or that work is not done, not only that it is slower or noisier.
FAILING = frozenset(
    {"span_errors", "error_share", "throughput", "consumption", "edge_calls", "edge_errors", "early_timeout"}
)
_FAR = 20.0
# Share that a slowness has of all the time that requests take: they take a quarter longer, twice as long.
_LONGER, _DOUBLED = 0.2, 0.5


def incident_severity(anomalies: Sequence[Anomaly], graph: ServiceGraph) -> Severity:
    """From what is affected and how far from normal; pure.

    One point each: requests fail, work is left undone, or those who wait wait twice as long; a service where requests
    come in is affected, or those who wait there wait a quarter longer; three or more services are affected, or half of
    all; something is further than 20 standard deviations from normal.
    No point or one is LOW, two MEDIUM, three HIGH, four CRITICAL.
    """
    affected = {anomaly.service for anomaly in anomalies}
    slowness = _slowness(anomalies, graph)
    points = sum(
        (
            slowness >= _DOUBLED or any(anomaly.detector in FAILING for anomaly in anomalies),
            slowness >= _LONGER or _reaches_users(affected, graph),
            len(affected) >= 3 or (len(graph.nodes) >= 2 and 2 * len(affected) >= len(graph.nodes)),
            any(abs(anomaly.surprise) > _FAR for anomaly in anomalies),
        )
    )
    return Severity(max(1, points))


def _slowness(anomalies: Sequence[Anomaly], graph: ServiceGraph) -> float:
    """The largest cost of a slowness that somebody waits for: nobody waits for the other end of a queue."""
    waited = Topology(replace(graph, edges=tuple(edge for edge in graph.edges if not edge.asynchronous)))
    behind = {edge.server for edge in graph.edges if edge.asynchronous}
    return max(
        (item.cost for item in anomalies if item.cost and (item.service not in behind or waited.callers(item.service))),
        default=0.0,
    )


def _reaches_users(affected: Collection[ServiceKey], graph: ServiceGraph) -> bool:
    return bool(Topology(graph).entrances() & set(affected))
