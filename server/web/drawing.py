"""A service graph as boxes and lines with words on them; the template makes SVG of it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from analyzers.service import ServiceKey
from rca.graph import Edge, Node, ServiceGraph
from server.web.geometry import BOX_HEIGHT, BOX_WIDTH, height, label_spot, left, path, top, width
from server.web.layout import Layout, Place, arrange, spread
from server.web.wording import cut, latency, number

# Pixels from one label to the next.
_LABEL_LINE = 15
# More than this can't be read anyway.
MOST_BOXES = 48


@dataclass(frozen=True, slots=True)
class Box:
    """`kind` is "cause", "affected" or "plain"; `x` and `y` are its upper left corner."""

    x: float
    y: float
    name: str
    full_name: str
    note: str
    kind: str
    instrumented: bool


@dataclass(frozen=True, slots=True)
class Line:
    """`path` is SVG path data; `hot` lines join what is affected."""

    path: str
    label: str
    label_x: float
    label_y: float
    title: str
    hot: bool
    inferred: bool
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    width: float = 0
    height: float = 0
    box_width: float = BOX_WIDTH
    box_height: float = BOX_HEIGHT
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    # Services left out because there are too many.
    hidden: int = 0
    # Everything, for the table beside the picture.
    edges: tuple[Edge, ...] = ()
    start_unix_nano: int = 0
    end_unix_nano: int = 0


def draw(graph: ServiceGraph, cause: Collection[ServiceKey], affected: Collection[ServiceKey]) -> Drawing:
    """Pure. `cause` and `affected` that are not in the graph are not drawn."""
    if not graph.nodes:
        return Drawing(start_unix_nano=graph.start_unix_nano, end_unix_nano=graph.end_unix_nano)
    kinds = dict.fromkeys(affected, "affected") | dict.fromkeys(cause, "cause")
    shown = _most_telling(graph, kinds)
    joined = {edge.client for edge in graph.edges} | {edge.server for edge in graph.edges}
    linked = [node for node in shown if node.service in joined]
    alone = [node for node in shown if node.service not in joined]
    index = {node.service: position for position, node in enumerate(linked)}
    pairs: dict[tuple[int, int], list[Edge]] = {}
    for edge in graph.edges:
        if edge.client in index and edge.server in index and edge.client != edge.server:
            pairs.setdefault((index[edge.client], index[edge.server]), []).append(edge)
    layout = arrange(len(linked), tuple(sorted(pairs)))
    spots = [*layout.places, *_grid(len(alone), layout)]
    usual = _usual_place(shown)
    boxes = tuple(
        _box(node, spot, kinds.get(node.service, "plain"), usual)
        for node, spot in zip([*linked, *alone], spots, strict=True)
    )
    lines = _lines([pairs[pair] for pair in sorted(pairs)], layout.routes, kinds)
    return Drawing(
        width=width(spots),
        height=height(spots),
        boxes=boxes,
        lines=lines,
        hidden=len(graph.nodes) - len(shown),
        edges=graph.edges,
        start_unix_nano=graph.start_unix_nano,
        end_unix_nano=graph.end_unix_nano,
    )


def _most_telling(graph: ServiceGraph, kinds: Collection[ServiceKey]) -> list[Node]:
    """All, in sorted order; if there are too many, first those that matter, then their neighbours, then the busiest."""
    if len(graph.nodes) <= MOST_BOXES:
        return list(graph.nodes)
    near = {edge.client for edge in graph.edges if edge.server in kinds}
    near |= {edge.server for edge in graph.edges if edge.client in kinds}
    ranked = sorted(
        graph.nodes,
        key=lambda node: (
            node.service not in kinds,
            node.service not in near,
            -node.spans - node.records,
            node.service,
        ),
    )
    return sorted(ranked[:MOST_BOXES], key=lambda node: node.service)


def _grid(count: int, layout: Layout) -> list[Place]:
    """Below the rest, for services that call nobody and that nobody calls."""
    columns = max(layout.layers, min(3, count))
    return [Place(position % columns, layout.rows + position // columns) for position in range(count)]


def _usual_place(nodes: Sequence[Node]) -> str:
    """Environment and namespace of most; they need not be said in every box."""
    places = Counter(_place(node.service) for node in nodes)
    return min(places, key=lambda place: (-places[place], place))


def _place(service: ServiceKey) -> str:
    return "/".join(part for part in (service.environment, service.namespace) if part)


def _box(node: Node, spot: Place, kind: str, usual: str) -> Box:
    service = node.service
    words = [] if kind == "plain" else [kind]
    if _place(service) not in ("", usual):
        words.append(_place(service))
    if node.errors:
        words.append(f"{number(node.errors)} failed")
    elif not node.instrumented:
        words.append("named by callers")
    elif not words and (node.spans or node.records):
        words.append(f"{number(node.spans)} spans" if node.spans else f"{number(node.records)} logs")
    return Box(
        x=left(spot),
        y=top(spot),
        name=cut(service.name, 17),
        full_name=str(service),
        note=cut(" · ".join(words), 25),
        kind=kind,
        instrumented=node.instrumented,
    )


def _lines(
    pairs: Sequence[Sequence[Edge]], routes: Sequence[Sequence[Place]], kinds: Collection[ServiceKey]
) -> tuple[Line, ...]:
    spots = [label_spot(route) for route in routes]
    # Labels between the same two columns are pushed apart.
    for x in sorted({x for x, _ in spots}):
        order = sorted((y, index) for index, (at, y) in enumerate(spots) if at == x)
        placed = spread([y for y, _ in order], [_LABEL_LINE] * (len(order) - 1))
        for (_, index), y in zip(order, placed, strict=True):
            spots[index] = (x, y)
    return tuple(_line(edges, route, spot, kinds) for edges, route, spot in zip(pairs, routes, spots, strict=True))


def _line(
    edges: Sequence[Edge], route: Sequence[Place], spot: tuple[float, float], kinds: Collection[ServiceKey]
) -> Line:
    first = edges[0]
    calls, errors = sum(edge.calls for edge in edges), sum(edge.errors for edge in edges)
    p95 = max(edge.p95 for edge in edges)
    words = [number(calls)] + ([latency(p95)] if p95 > 0 else [])
    said = [f"{calls:,} calls"] + ([f"{errors:,} failed"] if errors else []) + [f"p95 {word}" for word in words[1:]]
    return Line(
        path=path(route),
        label=" · ".join(words),
        label_x=spot[0],
        label_y=spot[1],
        title=f"{first.client} → {first.server}: {', '.join(said)}",
        hot=first.client in kinds and first.server in kinds,
        inferred=all(edge.inferred for edge in edges),
        asynchronous=all(edge.asynchronous for edge in edges),
    )
