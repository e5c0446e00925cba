"""Queues: what is produced into them, and by whom it is consumed."""

from collections.abc import Mapping

from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, Summary


def sends(edge: EdgeKey) -> bool:
    """Of a message only its producer's half is there when it is sent; whoever consumes it comes later."""
    return edge.asynchronous and edge.inferred and not edge.consumed


def produced(summary: Summary) -> Mapping[tuple[str, str], int]:
    """Messages by environment and name of the queue."""
    found: dict[tuple[str, str], int] = {}
    for edge, stats in summary.edges.items():
        if sends(edge):
            place = (edge.server.environment, edge.server.name)
            found[place] = found.get(place, 0) + stats.calls
    return found


def sent_into(queue: ServiceKey, sent: Mapping[tuple[str, str], int]) -> int:
    """Producer and consumer may belong to different namespaces, and each names the queue in its own."""
    return sent.get((queue.environment, queue.name), 0)
