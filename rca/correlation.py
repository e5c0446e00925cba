"""Which anomalies belong to one failure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import networkx as nx

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey
from rca.graph import Edge, ServiceGraph, Topology
from rca.weights import IDLE


def reach(graph: ServiceGraph, usual: Iterable[EdgeKey]) -> Topology:
    """Along which calls a failure may travel: those made now, and `usual` ones that it may have cut."""
    made = {(edge.client, edge.server) for edge in graph.edges}
    cut = (Edge(key.client, key.server, 0, 0, 0.0, 0.0, key.asynchronous, key.inferred) for key in sorted(usual))
    return Topology(replace(graph, edges=(*graph.edges, *(e for e in cut if (e.client, e.server) not in made))))


def group(anomalies: Iterable[Anomaly], topology: Topology) -> list[tuple[Anomaly, ...]]:
    """Anomalies of one window, grouped so that within a group a fault can travel along calls from one to the other.

    Groups and their members are in sorted order, so the same input gives the same groups.
    """
    found = sorted(anomalies, key=lambda item: (str(item.service), item.detector, item.subject, str(item.peer)))
    services = sorted({anomaly.service for anomaly in found})
    related: nx.Graph[ServiceKey] = nx.Graph()
    related.add_nodes_from(services)
    for index, one in enumerate(services):
        below = topology.below(one)
        related.add_edges_from((one, other) for other in services if other in below)
        related.add_edges_from((one, other) for other in services[index + 1 :] if _unknown(one, other, topology))
    components = sorted(nx.connected_components(related), key=min)
    return [tuple(item for item in found if item.service in component) for component in components]


def parted(
    anomalies: Sequence[Anomaly], topology: Topology, blamed: Sequence[ServiceKey] = ()
) -> list[tuple[Anomaly, ...]]:
    """Anomalies of one group by where they may have begun: services that are `blamed`, and those none of whose callees
    show anything. Who calls two of those suffers from either, and is no reason to take them for one: it counts for the
    one that was blamed first, else for the louder one.

    A callee that merely gets less to do than usual is where nothing began.
    """
    services = sorted({item.service for item in anomalies})
    telling = {item.service for item in anomalies if item.detector not in IDLE}
    below = {service: telling.intersection(topology.below(service)) for service in services if service in telling}
    begun = [
        service
        for service, others in below.items()
        if service in blamed or not any(service not in below[other] for other in others)
    ]
    if len(begun) < 2:
        return [tuple(anomalies)]
    known = [service for service in blamed if service in begun]
    others = sorted(set(begun) - set(known), key=lambda service: (-_loudness(service, anomalies), service))
    found: dict[ServiceKey, list[Anomaly]] = {service: [] for service in (*known, *others)}
    for item in anomalies:
        near = (service for service in found if topology.connected(item.service, service))
        found[next(near, next(iter(found)))].append(item)
    return [tuple(items) for items in found.values() if items]


def _loudness(service: ServiceKey, anomalies: Iterable[Anomaly]) -> float:
    return max(item.evidence for item in anomalies if item.service == service)


def belongs(
    anomalies: Sequence[Anomaly], services: Collection[ServiceKey], topology: Topology, together: bool = False
) -> bool:
    """Whether a fault could have travelled between any of the anomalies and any of `services`.

    `together`: they began at about the same time, which decides where it isn't known who calls whom.
    """
    return any(
        topology.connected(anomaly.service, service) or (together and may_relate(anomaly.service, service, topology))
        for anomaly in anomalies
        for service in services
    )


def may_relate(one: ServiceKey, other: ServiceKey, topology: Topology) -> bool:
    """Whether it isn't known if one calls the other: of neither any calls are known, or one sends logs alone, as what
    stands in front of all others often does."""
    alone = any(topology.logs_alone(item) for item in (one, other))
    return _unknown(one, other, topology) or (alone and _near(one, other))


def _unknown(one: ServiceKey, other: ServiceKey, topology: Topology) -> bool:
    unknown = all(not topology.callers(item) and not topology.callees(item) for item in (one, other))
    return unknown and _near(one, other)


def _near(one: ServiceKey, other: ServiceKey) -> bool:
    return (one.environment, one.namespace) == (other.environment, other.namespace)
