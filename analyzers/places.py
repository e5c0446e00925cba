"""Where in a summary a span is counted, found by the objects at hand instead of by hashing names for every span."""

from dataclasses import dataclass

from analyzers.columns import Peer
from analyzers.service import Resource, ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, ServiceSummary, Summary


@dataclass(slots=True, eq=False)
class Place:
    """One service of the summary; the same object for all resources of that service."""

    service: ServiceKey
    # None until something is counted there: to be asked about makes no service appear.
    counts: ServiceSummary | None = None


class Places:
    """For one summary and one run of spans. Holds on to what it was asked for, so that identities stay unique."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._of_service: dict[ServiceKey, Place] = {}
        self._of_resource: dict[int, tuple[Resource, Place]] = {}
        self._edges: dict[tuple[int, int, bool], EdgeStats] = {}
        self._inferred: dict[tuple[int, int], tuple[Peer, EdgeStats]] = {}

    def of(self, resource: Resource) -> Place:
        known = self._of_resource.get(id(resource))
        if known is None:
            place = self._of_service.setdefault(resource.service, Place(resource.service))
            known = self._of_resource[id(resource)] = (resource, place)
        return known[1]

    def counts(self, place: Place) -> ServiceSummary:
        """Of that service in the summary, where it appears by this."""
        if place.counts is None:
            place.counts = self._summary.service(place.service)
        return place.counts

    def edge(self, client: Place, server: Place, asynchronous: bool) -> EdgeStats:
        key = (id(client), id(server), asynchronous)
        edge = self._edges.get(key)
        if edge is None:
            edge = self._edges[key] = self._summary.edge(EdgeKey(client.service, server.service, asynchronous))
        return edge

    def inferred_edge(self, client: Place, peer: Peer) -> EdgeStats:
        """To a service of which only the name is known."""
        key = (id(client), id(peer))
        known = self._inferred.get(key)
        if known is None:
            edge = self._summary.edge(EdgeKey(client.service, peer.service, peer.asynchronous, inferred=True))
            known = self._inferred[key] = (peer, edge)
        return known[1]
