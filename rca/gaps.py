"""What was not there to be seen: named where a diagnosis is inconclusive, and where names don't fit together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from analyzers.aliases import Alias
from analyzers.service import ServiceKey
from rca.diagnosis import Diagnosis, RootCause
from rca.graph import Node, ServiceGraph
from rca.naming import SIGNAL as NAMED

# Candidates whose surroundings are looked at, and gaps that are named.
_CANDIDATES, _MOST = 2, 4
# Known for less than this, in nanoseconds of event time, a service is little known.
_YOUNG = 900_000_000_000
# So few spans and records of a service tell little.
_FEW = 30


def completed(diagnosis: Diagnosis, history: Callable[[ServiceKey], int], aliases: Iterable[Alias] = ()) -> Diagnosis:
    """An inconclusive diagnosis says what is missing; any one says where there were only logs, and of services it names
    that their logs come under another name. `history` is for how many nanoseconds a service has been known."""
    reason, summary = diagnosis.inconclusive_reason, diagnosis.summary
    if reason:
        missing = list(dict.fromkeys(_gaps(diagnosis.graph, diagnosis.root_causes[:_CANDIDATES], history)))[:_MOST]
        if missing:
            reason = f"{reason}. What is missing: {'; '.join(missing)}"
            summary = summary.replace(diagnosis.inconclusive_reason, reason, 1)
    elif len(diagnosis.root_causes) > 1 and _untraced(diagnosis.graph):
        summary += f" Without spans nobody knows who calls whom: {_doubt(diagnosis)}."
    named = {service for cause in diagnosis.root_causes[:_CANDIDATES] for service in (cause.service, *cause.path)}
    for alias in aliases:
        if alias.service in named:
            summary += f" {_capital(str(alias))} (confidence {alias.confidence:.2f})."
    return replace(diagnosis, inconclusive_reason=reason, summary=summary)


def _gaps(graph: ServiceGraph, causes: Sequence[RootCause], history: Callable[[ServiceKey], int]) -> Iterator[str]:
    if not graph.nodes:
        yield "any log or span of this time"
        return
    nodes = {node.service: node for node in graph.nodes}
    candidates = [nodes[cause.service] for cause in causes if cause.service in nodes]
    if _untraced(graph):
        yield "spans: only logs came, so who calls whom and where time was spent is not known"
    else:
        for node in (*candidates, *_around(graph, candidates, nodes)):
            yield from _silences(node)
        linked = {service for edge in graph.edges for service in (edge.client, edge.server)}
        for node in candidates:
            if node.spans and node.service not in linked:
                yield f"calls from or to {node.service.name}: its callers send no spans, or do not pass the trace on"
    for node in candidates:
        known = history(node.service)
        if node.instrumented and known < _YOUNG:
            yield f"history: {node.service.name} has been known for {_lasting(known)} only"
        if 0 < node.spans + node.records < _FEW:
            yield f"traffic: {node.spans} spans and {node.records} records of {node.service.name} are all there is"


def _doubt(diagnosis: Diagnosis) -> str:
    """What speaks for the first being first where there were only logs, or that nothing does."""
    first, *others = [cause.service for cause in diagnosis.root_causes]
    after = {item.service for item in diagnosis.graph.following if item.first == first}
    names = [service.name for service in others if service in after]
    if any(item.signal == NAMED for item in diagnosis.root_causes[0].evidence):
        return f"that it is {first.name} is what the errors of others say"
    if names:
        return f"in most traces in which {', '.join(names)} logged errors, {first.name} had logged one before"
    return f"{first.name} may only be louder than one it calls"


def _untraced(graph: ServiceGraph) -> bool:
    return not any(node.spans for node in graph.nodes)


def _around(graph: ServiceGraph, candidates: Sequence[Node], nodes: dict[ServiceKey, Node]) -> list[Node]:
    """Whom they call and who calls them."""
    centre = {node.service for node in candidates}
    near = {edge.server for edge in graph.edges if edge.client in centre}
    near |= {edge.client for edge in graph.edges if edge.server in centre}
    # A queue says nothing by itself.
    queues = {service for edge in graph.edges if edge.asynchronous for service in (edge.client, edge.server)}
    return [node for service in sorted(near - centre) if (node := nodes[service]).instrumented or service not in queues]


def _silences(node: Node) -> Iterator[str]:
    name = node.service.name
    if not node.instrumented:
        yield f"spans and logs of {name}, which is known from its callers alone"
    elif not node.spans:
        yield f"spans of {name}, of which only logs came"
    elif not node.records:
        yield f"logs of {name}, of which only spans came"


def _lasting(nanoseconds: int) -> str:
    seconds = round(nanoseconds / 1e9)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
