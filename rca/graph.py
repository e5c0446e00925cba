"""Who calls whom, as the spans of a stretch of time tell."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, OperationStats, Summary
from rca.following import Following, following


@dataclass(frozen=True, slots=True)
class Node:
    """A service. `instrumented` is false when it is known from its callers' spans alone."""

    service: ServiceKey
    spans: int
    errors: int
    records: int
    instrumented: bool
    # Requests it failed and nothing within it did, at the least: because something it called had failed.
    passed_on: int = 0


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
    # Calls that failed for the caller, answered or not.
    failed: int = 0
    # What the caller names its calls.
    operations: tuple[str, ...] = ()

    @property
    def confidence(self) -> float:
        """Two joined halves are certain; a peer named by its caller is nearly so, and surer the more calls name it."""
        return 1.0 if not self.inferred else 0.9 * self.calls / (self.calls + 2)


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """A snapshot; all in sorted order."""

    start_unix_nano: int
    end_unix_nano: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    # What logs tell where nobody sends spans.
    following: tuple[Following, ...] = ()

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
        self._edges = {(edge.client, edge.server): edge for edge in graph.edges}
        self._nodes = {node.service: node for node in graph.nodes}
        # Services that send logs, where nobody sends spans.
        traced = any(node.spans for node in graph.nodes)
        self.untraced = frozenset(node.service for node in graph.nodes if node.records and not traced)
        self._mute = frozenset(node.service for node in graph.nodes if node.records and not node.spans)
        self._follows: dict[ServiceKey, list[Following]] = {}
        for item in graph.following:
            self._follows.setdefault(item.service, []).append(item)
        self._named: dict[ServiceKey, set[str]] = {}
        for edge in graph.edges:
            self._named.setdefault(edge.server, set()).update(edge.operations)

    def logs_alone(self, service: ServiceKey) -> bool:
        """Whether it sends logs and no spans, and nobody's calls of it are known."""
        return service in self._mute and not self.callers(service) and not self.callees(service)

    def callers(self, service: ServiceKey) -> frozenset[ServiceKey]:
        return frozenset(self._calls.predecessors(service)) if service in self._calls else frozenset()

    def callees(self, service: ServiceKey) -> frozenset[ServiceKey]:
        return frozenset(self._calls.successors(service)) if service in self._calls else frozenset()

    def asking(self, service: ServiceKey) -> frozenset[ServiceKey]:
        """Those it has its work from: who calls it, and who sends into the queues it takes from."""
        callers = self.callers(service)
        senders = (item for item in callers if self._edges[item, service].asynchronous)
        queues = [item for item in senders if not self._nodes[item].instrumented]
        return callers.union(*map(self.callers, queues)) - {service}

    def awaited(self, service: ServiceKey) -> frozenset[ServiceKey]:
        """Those it calls and waits for."""
        return frozenset(item for item in self.callees(service) if not self._edges[service, item].asynchronous)

    def call(self, client: ServiceKey, server: ServiceKey) -> Edge | None:
        return self._edges.get((client, server))

    def given_up(self, client: ServiceKey, server: ServiceKey) -> int:
        """Requests that `client` failed because of its calls of `server` and of nothing else, at the least."""
        node = self._nodes.get(client)
        others = sum(self._edges[client, item].failed for item in self.callees(client) - {server})
        return max(0, node.passed_on - others) if node is not None else 0

    def passes_on(self, client: ServiceKey, server: ServiceKey) -> bool:
        """Whether calls of `server` by `client` failed, and requests of it did because of what it called."""
        call, node = self._edges.get((client, server)), self._nodes.get(server)
        return call is not None and call.failed > 0 and node is not None and node.passed_on > 0

    def follows(self, service: ServiceKey) -> tuple[Following, ...]:
        """Whose errors its own come after."""
        return tuple(self._follows.get(service, ()))

    def named(self, service: ServiceKey) -> frozenset[str]:
        """What its callers name their calls of it."""
        return frozenset(self._named.get(service, ()))

    def entrances(self) -> frozenset[ServiceKey]:
        """Services that call others and that nothing calls: where requests come in."""
        return frozenset(
            node for node in self._calls if not self._calls.in_degree(node) and self._calls.out_degree(node)
        )

    def below(self, service: ServiceKey) -> Collection[ServiceKey]:
        """All that it calls, directly or through others."""
        return nx.descendants(self._calls, service) if service in self._calls else ()

    def reaches(self, one: ServiceKey, other: ServiceKey) -> bool:
        """Whether one calls the other, directly or through others."""
        return one == other or (one in self._calls and other in self._calls and nx.has_path(self._calls, one, other))

    def connected(self, one: ServiceKey, other: ServiceKey) -> bool:
        """Whether a fault could travel between the two: one calls the other, directly or through others."""
        return self.reaches(one, other) or self.reaches(other, one)

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
                passed_on=_passed_on(seen.operations.values()) if seen else 0,
            )
        )
    return ServiceGraph(
        summary.start_unix_nano,
        summary.end_unix_nano,
        tuple(nodes),
        tuple(_edges(summary.edges, summary)),
        tuple(following(summary)),
    )


def _passed_on(operations: Collection[OperationStats]) -> int:
    failed = sum(min(seen.entries, seen.errors - seen.origin_errors) for seen in operations)
    return max(0, failed - sum(seen.origin_errors for seen in operations if not seen.entries))


def _edges(edges: Mapping[EdgeKey, EdgeStats], summary: Summary) -> Iterable[Edge]:
    joined: dict[ServiceKey, set[ServiceKey]] = {}
    for key in edges:
        if not key.inferred:
            joined.setdefault(key.client, set()).add(key.server)
    naming = _Naming(joined, summary)
    # A queue may have the name of the service that takes from it, which does not call itself.
    calls = [
        key
        for key in sorted(edges)
        if not (key.inferred and (key.client == key.server or key.server in joined.get(key.client, ())))
    ]
    names = {key: () if key.asynchronous else naming.of(key.client, key.server) for key in calls}
    failed = {key: _failed(key, edges) for key in calls}
    # Of each caller, those by names that may be those of any call.
    unnamed: dict[ServiceKey, int] = {}
    for key in calls:
        if naming.left(key.client, names[key]):
            unnamed[key.client] = unnamed.get(key.client, 0) + failed[key]
    for key in calls:
        stats = edges[key]
        elsewhere = unnamed[key.client] - failed[key] if naming.left(key.client, names[key]) else 0
        yield Edge(
            key.client,
            key.server,
            stats.calls,
            stats.errors,
            stats.duration.quantile(0.5),
            stats.duration.quantile(0.95),
            key.asynchronous,
            key.inferred,
            max(failed[key], naming.failed(key.client, names[key]) - elsewhere),
            names[key],
        )


def _failed(key: EdgeKey, edges: Mapping[EdgeKey, EdgeStats]) -> int:
    """Calls over the edge that failed, with those of which there is only the caller's half."""
    unheard = edges.get(EdgeKey(key.client, key.server, key.asynchronous, inferred=True, consumed=key.consumed))
    answered = 0 if key.inferred else edges[key].errors + edges[key].lost
    return answered + (unheard.errors if unheard is not None else 0)


class _Naming:
    """What callers name their calls: mostly what the callees name them too. Of a callee that sends no spans, or names
    them otherwise, nobody knows; then it is whatever takes the caller no time of its own and is none of its calls of
    others."""

    def __init__(self, joined: Mapping[ServiceKey, Collection[ServiceKey]], summary: Summary) -> None:
        self._joined = joined
        self._summary = summary
        self._left: dict[ServiceKey, tuple[str, ...]] = {}
        self._entrances: dict[ServiceKey, frozenset[str]] = {}

    def of(self, client: ServiceKey, server: ServiceKey) -> tuple[str, ...]:
        if theirs := self._entered(server):
            inner = (name for name, stats in self._operations(client).items() if not stats.entries)
            if same := tuple(sorted(name for name in inner if name in theirs)):
                return same
        if client not in self._left:
            known = {name for callee in self._joined.get(client, ()) for name in self._entered(callee)}
            self._left[client] = tuple(
                name
                for name, stats in sorted(self._operations(client).items())
                if not (stats.entries or stats.self_time.count or name in known)
            )
        return self._left[client]

    def left(self, client: ServiceKey, names: tuple[str, ...]) -> bool:
        """Whether these are the names that are left: any of what it calls may be called so."""
        return bool(names) and names is self._left.get(client)

    def failed(self, client: ServiceKey, names: Iterable[str]) -> int:
        """Calls so named that failed: all that is known of clients that don't say whom they call."""
        known = self._operations(client)
        return sum(known[name].errors for name in names)

    def _entered(self, service: ServiceKey) -> frozenset[str]:
        """Operations that its work begins with: not what it names its own calls."""
        if service not in self._entrances:
            entered = (name for name, stats in self._operations(service).items() if stats.entries)
            self._entrances[service] = frozenset(entered)
        return self._entrances[service]

    def _operations(self, service: ServiceKey) -> Mapping[str, OperationStats]:
        seen = self._summary.services.get(service)
        return seen.operations if seen is not None else {}
