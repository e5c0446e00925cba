"""Who calls whom, as the spans of a stretch of time tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, Summary


@dataclass(frozen=True, slots=True)
class Node:
    """A service. `instrumented` is false when it is known from its callers' spans alone."""

    service: ServiceKey
    spans: int
    errors: int
    records: int
    instrumented: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from `client` to `server`, or what `server` takes from the queue `client`. Durations are of the callee's
    span, in nanoseconds."""

    client: ServiceKey
    server: ServiceKey
    calls: int
    errors: int
    p50: float
    p95: float
    asynchronous: bool
    inferred: bool

    @property
    def confidence(self) -> float:
        """Two joined halves are certain; a peer named by its caller is nearly so, and surer the more calls name it."""
        return 1.0 if not self.inferred else 0.9 * self.calls / (self.calls + 2)


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """A snapshot; nodes and edges in sorted order."""

    start_unix_nano: int
    end_unix_nano: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def services(self) -> frozenset[ServiceKey]:
        return frozenset(node.service for node in self.nodes)


class Topology:
    """Questions about the shape of one graph."""

    def __init__(self, graph: ServiceGraph) -> None:
        self._graph = graph
        self._calls: nx.DiGraph[ServiceKey] = nx.DiGraph()
        self._calls.add_nodes_from(node.service for node in graph.nodes)
        self._calls.add_edges_from((edge.client, edge.server) for edge in graph.edges)

    def callers(self, service: ServiceKey) -> frozenset[ServiceKey]:
        return frozenset(self._calls.predecessors(service)) if service in self._calls else frozenset()

    def callees(self, service: ServiceKey) -> frozenset[ServiceKey]:
        return frozenset(self._calls.successors(service)) if service in self._calls else frozenset()

    def entrances(self) -> frozenset[ServiceKey]:
        """Services that call others and that nothing calls: where requests come in."""
        return frozenset(
            node for node in self._calls if not self._calls.in_degree(node) and self._calls.out_degree(node)
        )

    def connected(self, one: ServiceKey, other: ServiceKey) -> bool:
        """Whether a fault could travel between the two: one calls the other, directly or through others."""
        if one == other:
            return True
        if one not in self._calls or other not in self._calls:
            return False
        return bool(nx.has_path(self._calls, one, other) or nx.has_path(self._calls, other, one))

    def path(self, cause: ServiceKey, affected: Iterable[ServiceKey]) -> tuple[ServiceKey, ...]:
        """From `cause` through affected callers to the one furthest from it."""
        if cause not in self._calls:
            return (cause,)
        hit = {service for service in affected if service in self._calls} | {cause}
        upward = self._calls.reverse(copy=False).subgraph(hit)
        within = nx.single_source_shortest_path(upward, cause)
        paths = [tuple(path) for path in within.values()]
        return max(paths, key=lambda path: (len(path), [str(step) for step in path]))

    def around(self, centre: ServiceKey, depth: int) -> ServiceGraph:
        """The part within `depth` calls of `centre`, in either direction; empty when it isn't there."""
        near: set[ServiceKey] = set()
        if centre in self._calls:
            near = set(nx.ego_graph(self._calls.to_undirected(as_view=True), centre, radius=depth))
        graph = self._graph
        return ServiceGraph(
            graph.start_unix_nano,
            graph.end_unix_nano,
            tuple(node for node in graph.nodes if node.service in near),
            tuple(edge for edge in graph.edges if edge.client in near and edge.server in near),
        )


def build_graph(summary: Summary) -> ServiceGraph:
    """The graph of one summary. Services that only sent logs are nodes without edges."""
    named = {edge.client for edge in summary.edges} | {edge.server for edge in summary.edges}
    nodes = []
    for service in sorted(named | summary.services.keys()):
        seen = summary.services.get(service)
        nodes.append(
            Node(
                service,
                spans=seen.spans if seen else 0,
                errors=sum(operation.errors for operation in seen.operations.values()) if seen else 0,
                records=seen.records if seen else 0,
                instrumented=seen is not None,
            )
        )
    return ServiceGraph(
        summary.start_unix_nano, summary.end_unix_nano, tuple(nodes), tuple(_edges(summary.edges, summary))
    )


def _edges(edges: Mapping[EdgeKey, object], summary: Summary) -> Iterable[Edge]:
    joined = {(key.client, key.server) for key in edges if not key.inferred}
    for key in sorted(edges):
        # A queue may have the name of the service that takes from it, which does not call itself.
        if key.inferred and (key.client == key.server or (key.client, key.server) in joined):
            continue
        stats = summary.edges[key]
        yield Edge(
            key.client,
            key.server,
            stats.calls,
            stats.errors,
            stats.duration.quantile(0.5),
            stats.duration.quantile(0.95),
            key.asynchronous,
            key.inferred,
        )
