"""Operations that are the caller's half of calls: what they fail at, they fail at because of whom they call."""

from dataclasses import dataclass
from functools import cached_property

from analyzers.baseline import Baseline
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.service_baseline import OperationBaseline
from analyzers.summary import OperationStats, Summary

# Share of its spans that may ever have had a time of its own: the other half gets lost now and then.
_OWN = 0.05


@dataclass(frozen=True, slots=True)
class Half:
    """Calls of `callee` that `caller` makes by an operation. `usual` is how many of them fail."""

    caller: ServiceKey
    callee: ServiceKey
    stats: OperationStats
    usual: Rate

    @property
    def unanswered(self) -> int:
        """Those that failed and of which there is no other half: what a call took is its own time only then."""
        return min(self.stats.origin_errors, self.stats.self_time.count)


class Halves:
    """As a baseline tells of them, while it is not learned from."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def of(self, caller: ServiceKey, name: str, stats: OperationStats) -> Half | None:
        """None where the operation is no such half, or nobody can tell whom it calls.

        Clients that say neither their kind nor their peer are told by what is usual: nobody enters by the operation,
        unless it has the name of who is called, and all the time of its spans lies between the two or belongs to the
        other. Once that one does not answer, nothing is left of the call but a span that fails.
        """
        known = self._baseline.services.get(caller)
        learned = known.operations.get(name) if known is not None else None
        if learned is None or not _calling(learned):
            return None
        callees = self._callees.get(caller, [])
        # Proxies name what they pass on by whom they pass it on to.
        named = [callee for callee in callees if _begins_with(name, callee.name)]
        named = [callee for callee in named if len(callee.name) == max(len(other.name) for other in named)]
        if stats.entries and not named:
            return None
        # Both halves of a call have one name where it is that of a route or of a method.
        found = named or [callee for callee in callees if self._has(callee, name)] or callees
        return Half(caller, found[0], stats, learned.errors) if len(found) == 1 else None

    def unanswered(self, window: Summary) -> dict[tuple[ServiceKey, ServiceKey], list[Half]]:
        """Halves with calls that were not answered, by caller and callee, in sorted order."""
        found: dict[tuple[ServiceKey, ServiceKey], list[Half]] = {}
        for caller, summary in sorted(window.services.items()):
            for name, stats in sorted(summary.operations.items()):
                if stats.origin_errors:
                    item = self.of(caller, name, stats)
                    if item is not None and item.unanswered:
                        found.setdefault((caller, item.callee), []).append(item)
        return found

    # Not before one is asked for: there may be many calls, and mostly nothing fails.
    @cached_property
    def _callees(self) -> dict[ServiceKey, list[ServiceKey]]:
        found: dict[ServiceKey, list[ServiceKey]] = {}
        for edge in self._baseline.edges:
            if not (edge.asynchronous or edge.inferred):
                found.setdefault(edge.client, []).append(edge.server)
        return found

    def _has(self, service: ServiceKey, operation: str) -> bool:
        known = self._baseline.services.get(service)
        return known is not None and operation in known.operations


def _begins_with(name: str, service: str) -> bool:
    """As a host does before its port, or a service before its method."""
    return bool(service) and name.startswith(service) and not name[len(service) :][:1].isalnum()


def _calling(learned: OperationBaseline) -> bool:
    return learned.duration.count > 0 and learned.self_time.count <= _OWN * learned.duration.count
