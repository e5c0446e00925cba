"""Which anomalies belong to one failure."""

from collections.abc import Iterable, Sequence

import networkx as nx

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.graph import Topology


def group(anomalies: Iterable[Anomaly], topology: Topology) -> list[tuple[Anomaly, ...]]:
    """Anomalies of one window, grouped so that within a group a fault can travel along calls from one to the other.

    Groups and their members are in sorted order, so the same input gives the same groups.
    """
    found = sorted(anomalies, key=lambda item: (str(item.service), item.detector, item.subject, str(item.peer)))
    services = sorted({anomaly.service for anomaly in found})
    related: nx.Graph[ServiceKey] = nx.Graph()
    related.add_nodes_from(services)
    for index, one in enumerate(services):
        related.add_edges_from((one, other) for other in services[index + 1 :] if topology.connected(one, other))
    components = sorted(nx.connected_components(related), key=min)
    return [tuple(item for item in found if item.service in component) for component in components]


def belongs(anomalies: Sequence[Anomaly], services: Iterable[ServiceKey], topology: Topology) -> bool:
    """Whether a fault could have travelled between any of the anomalies and any of `services`."""
    known = tuple(services)
    return any(topology.connected(anomaly.service, service) for anomaly in anomalies for service in known)
