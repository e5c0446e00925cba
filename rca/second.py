"""A second fault, beside the one that is blamed."""

from collections.abc import Collection, Sequence

from rca.diagnosis import RootCause
from rca.graph import ServiceGraph, Topology

# Signals of what goes wrong in a service itself, and on the way to it; and what these must come to for a second fault.
_ITSELF = frozenset({"self_time", "span_errors"})
_ON_THE_WAY = frozenset({"edge_gap", "edge_errors"})
_SECOND = 1.0


def second_fault(causes: Sequence[RootCause], graph: ServiceGraph) -> RootCause | None:
    """The next best candidate that has troubles of its own which the first can't have brought upon it, nor it upon the
    first: neither calls the other, directly or through others. Two of which nothing but their callers' calls is known
    may both suffer from who calls them."""
    own = _ITSELF | _ON_THE_WAY if any(_sum(item, _ITSELF) > 0 for item in causes[:1]) else _ITSELF
    strong = [item for item in causes[1:6] if min(_sum(item, own), item.score) >= _SECOND]
    if not strong:
        return None
    topology = Topology(graph)
    first = causes[0].service
    return next((item for item in strong if not topology.connected(item.service, first)), None)


def _sum(candidate: RootCause, signals: Collection[str]) -> float:
    return sum(item.contribution for item in candidate.evidence if item.signal in signals)
