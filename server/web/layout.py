"""A layered drawing of a directed graph, in the manner of Sugiyama: callers left, callees right.

Pure and deterministic: the same graph gives the same picture, so that two snapshots can be compared by eye.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import networkx as nx

# Distance between neighbours of one layer, in rows; lines need less room than boxes.
_ROOM = 1.0
_LINE_ROOM = 0.55


@dataclass(frozen=True, slots=True)
class Place:
    """`layer` counts from the left, `row` from the top; rows may be fractions."""

    layer: int
    row: float


@dataclass(frozen=True, slots=True)
class Layout:
    """`routes` has for each edge the places it goes through, from its start to its end, one a layer."""

    places: tuple[Place, ...]
    routes: tuple[tuple[Place, ...], ...]
    layers: int
    rows: float


@lru_cache(maxsize=64)
def arrange(count: int, edges: tuple[tuple[int, int], ...]) -> Layout:
    """Nodes are 0 to `count` - 1. Edges are distinct and lead from one node to another one."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges)
    places: dict[int, Place] = {}
    routes: dict[tuple[int, int], tuple[Place, ...]] = {}
    top = 0.0
    parts = sorted(nx.weakly_connected_components(graph), key=lambda part: (-len(part), min(part)))
    for part in parts:
        component = _Component(sorted(part), [edge for edge in edges if edge[0] in part])
        rows = component.rows()
        height = max(rows.values()) - min(rows.values())
        shift = top - min(rows.values())
        spot = {node: Place(component.layer[node], rows[node] + shift) for node in rows}
        places |= {node: spot[node] for node in part}
        routes |= {edge: tuple(spot[step] for step in chain) for edge, chain in component.chains.items()}
        top += height + _ROOM
    return Layout(
        tuple(places[node] for node in range(count)),
        tuple(routes[edge] for edge in edges),
        layers=1 + max((place.layer for place in places.values()), default=-1),
        rows=max(0.0, top),
    )


class _Component:
    """One connected part. Long edges get a point in every layer they cross; those have numbers below 0."""

    def __init__(self, nodes: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
        backward = _backward(nodes, edges)
        forward = {(end, start) if (start, end) in backward else (start, end) for start, end in edges}
        order: nx.DiGraph[int] = nx.DiGraph()
        order.add_nodes_from(nodes)
        order.add_edges_from(sorted(forward))
        self.layer = {
            node: index for index, generation in enumerate(nx.topological_generations(order)) for node in generation
        }
        self.chains: dict[tuple[int, int], tuple[int, ...]] = {}
        self._left: dict[int, list[int]] = {node: [] for node in nodes}
        self._right: dict[int, list[int]] = {node: [] for node in nodes}
        made: dict[tuple[int, int], tuple[int, ...]] = {}
        points = 0
        for start, end in sorted(forward):
            between = []
            for layer in range(self.layer[start] + 1, self.layer[end]):
                points -= 1
                self.layer[points] = layer
                self._left[points], self._right[points] = [], []
                between.append(points)
            chain = (start, *between, end)
            for one, other in itertools.pairwise(chain):
                self._right[one].append(other)
                self._left[other].append(one)
            made[start, end] = chain
        for start, end in edges:
            self.chains[start, end] = made[end, start][::-1] if (start, end) in backward else made[start, end]
        self._layers = self._ordered(nodes)

    def _ordered(self, nodes: Sequence[int]) -> list[list[int]]:
        """Layers, top to bottom, with few crossings: each node goes to the middle of its neighbours, again and again,
        from left to right and back, and the best order seen is kept."""
        layers: list[list[int]] = [[] for _ in range(1 + max(self.layer.values()))]
        seen: set[int] = set()
        # Depth first, so that what belongs together starts together.
        stack = [node for node in reversed(nodes) if not self._left[node]]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                layers[self.layer[node]].append(node)
                stack.extend(reversed(self._right[node]))
        best, fewest = [list(layer) for layer in layers], self._crossings(layers)
        for sweep in range(8):
            if not fewest:
                break
            neighbours = self._left if sweep % 2 == 0 else self._right
            for layer in layers if sweep % 2 == 0 else layers[::-1]:
                row = {node: index for line in layers for index, node in enumerate(line)}
                layer.sort(key=lambda node: (_middle([row[other] for other in neighbours[node]], row[node]), row[node]))
            crossings = self._crossings(layers)
            if crossings < fewest:
                best, fewest = [list(layer) for layer in layers], crossings
        return best

    def _crossings(self, layers: Sequence[Sequence[int]]) -> int:
        row = {node: index for layer in layers for index, node in enumerate(layer)}
        total = 0
        for layer in layers:
            ends = [sorted(row[other] for other in self._right[node]) for node in layer]
            flat = [end for group in ends for end in group]
            starts = [index for index, group in enumerate(ends) for _ in group]
            total += sum(
                flat[lower] < flat[upper] and starts[upper] < starts[lower]
                for upper in range(len(flat))
                for lower in range(upper + 1, len(flat))
            )
        return total

    def rows(self) -> dict[int, float]:
        """Where every node and point stands: near the middle of its neighbours, in the order found."""
        rows = {node: float(index) for layer in self._layers for index, node in enumerate(layer)}
        for sweep in range(6):
            for layer in self._layers if sweep % 2 == 0 else self._layers[::-1]:
                wanted = [_middle([rows[near] for near in self._left[n] + self._right[n]], rows[n]) for n in layer]
                gaps = [_ROOM if min(one, other) >= 0 else _LINE_ROOM for one, other in itertools.pairwise(layer)]
                rows.update(zip(layer, spread(wanted, gaps), strict=True))
        return rows


def spread(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The positions nearest to `wanted` (least squares) that keep the order and at least `gaps` between neighbours.

    Take the gaps out and it is isotonic regression: pool adjacent violators.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, size = (mean * size + other * more) / (size + more), size + more
        pools.append((mean, size))
    flat = [mean for mean, size in pools for _ in range(size)]
    return [value + offset for value, offset in zip(flat, offsets, strict=True)]


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _backward(nodes: Sequence[int], edges: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Edges that close a cycle, found depth first from where calls come in."""
    ends: dict[int, list[int]] = {node: [] for node in nodes}
    for start, end in sorted(edges):
        ends[start].append(end)
    called = {end for _, end in edges}
    backward: set[tuple[int, int]] = set()
    done: set[int] = set()
    for root in sorted(nodes, key=lambda node: (node in called, node)):
        if root in done:
            continue
        path = [root]
        open_nodes = {root}
        rest = [iter(ends[root])]
        while path:
            step = next(rest[-1], None)
            if step is None:
                rest.pop()
                open_nodes.discard(path[-1])
                done.add(path.pop())
            elif step in open_nodes:
                backward.add((path[-1], step))
            elif step not in done:
                path.append(step)
                open_nodes.add(step)
                rest.append(iter(ends[step]))
    return backward
