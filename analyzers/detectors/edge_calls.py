"""A caller that no longer makes the calls its work normally makes: the work is cut short before it gets there."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline, EdgeBaseline
from analyzers.detectors.wording import usual
from analyzers.queues import sends
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import EdgeKey, EdgeStats, Summary
from analyzers.surprises import missed

# Standard deviations from their usual share up to which calls fail no more than ever.
_WELL = 2.0
# Share of the buckets that may hold calls that are seldom made, and of these that must hold what leads to all of them.
_SELDOM, _LEADS = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class EdgeCallsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15
    # Share of what there is more of, or less, that calls of other callees must make up for to be the other branch.
    branch: float = 0.6


@dataclass(frozen=True, slots=True)
class _Departure:
    """Calls over one edge, of which there are so many more than `expected` of the work."""

    edge: EdgeKey
    calls: int
    expected: float
    surprise: float
    # Units of work done.
    done: float
    # Whether the caller waits for an answer, and none of them fails more than ever.
    branch: bool


class EdgeCalls:
    """Reported about the caller. Rises count as well: a retry storm is the caller's doing, however loud the callee. Not
    what others that it usually calls make up for, while none of them fails: its work took the other branch."""

    name = "edge_calls"

    def __init__(self, config: EdgeCallsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        found: dict[ServiceKey, list[_Departure]] = {}
        looked_at = 0
        work_of = {key: _work(known, key, window) for key, known in _callers(window, baseline)}
        for edge in sorted(baseline.edges):
            if edge.client not in work_of or (edge.asynchronous and not sends(edge)) or _told(edge, baseline):
                continue
            looked_at += 1
            departure = self._departure(edge, work_of[edge.client], window, baseline)
            if departure is not None:
                found.setdefault(edge.client, []).append(departure)
        left = [self._anomaly(item, window) for items in found.values() for item in self._left(items)]
        return among(left, looked_at)

    def _departure(
        self, edge: EdgeKey, work_of: tuple[float, float, float], window: Summary, baseline: Baseline
    ) -> _Departure | None:
        known = baseline.edges[edge]
        stats = window.edges.get(edge) or EdgeStats()
        done, least, most = work_of
        work = known.calls.nearest(stats.calls, least, most)
        if work is None:
            return None
        surprise = known.calls.surprise(known.made(stats, work), work, self._config.tolerance)
        if abs(surprise) < self._config.threshold or (surprise < 0 and known.passing(work)):
            return None
        unheard = window.edges.get(replace(edge, inferred=not edge.inferred))
        if surprise < 0 and unheard is not None:
            # Calls whose other half is missing were made all the same.
            surprise = min(0.0, known.calls.surprise(stats.calls + unheard.calls, work, self._config.tolerance))
            if surprise > -self._config.threshold:
                return None
        if surprise < 0:
            surprise = max(surprise, -self._chance(known, baseline.services[edge.client], stats.calls, window, edge))
            if surprise > -self._config.threshold:
                return None
        branch = not edge.asynchronous and _well(known, stats, unheard)
        return _Departure(edge, stats.calls, known.calls.expected(work), surprise, done, branch)

    def _chance(
        self, known: EdgeBaseline, caller: ServiceBaseline, calls: int, window: Summary, edge: EdgeKey
    ) -> float:
        """Standard deviations by which that is missing itself that may lead to all these calls, where it still does: of
        what is done a few times a minute, and of which few traces are kept, now and then there is none."""
        summary, least = window.services[edge.client], math.inf
        if known.calls.filled > _SELDOM * known.calls.buckets:
            return least
        for name, learned in caller.operations.items():
            seen = summary.operations.get(name)
            now = seen.entries if seen else 0
            if not learned.begun or learned.clocked.filled < _LEADS * known.calls.filled:
                continue
            if calls >= (1 - self._config.tolerance) * known.calls.count / learned.begun * now:
                others = caller.begun - learned.begun
                least = min(least, missed(summary.entries - now, summary.entries, others, caller.begun))
        return least

    def _left(self, found: list[_Departure]) -> Iterator[_Departure]:
        """Of one caller, less the other branches: what there is more of makes up for what there is less of."""
        more, fewer = (
            sum(abs(item.calls - item.expected) for item in found if item.branch and (item.surprise > 0) == rises)
            for rises in (True, False)
        )
        for item in found:
            mine, other = (more, fewer) if item.surprise > 0 else (fewer, more)
            if not item.branch or other < self._config.branch * mine:
                yield item

    def _anomaly(self, item: _Departure, window: Summary) -> Anomaly:
        edge, stats = item.edge, window.edges.get(item.edge) or EdgeStats()
        return Anomaly(
            service=edge.client,
            detector=self.name,
            subject=f"{edge.client.name} -> {edge.server.name}",
            surprise=item.surprise,
            observed=item.calls / item.done,
            expected=item.expected / item.done,
            unit="calls per unit of work",
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=f"{item.calls} calls of {edge.server.name} where {usual(item.expected)} for the work done",
            peer=edge.server,
            trace_ids=tuple(each.trace_id for each in stats.slowest),
            onset_unix_nano=window.start_unix_nano,
        )


def _well(known: EdgeBaseline, stats: EdgeStats, unheard: EdgeStats | None) -> bool:
    """`unheard`: of the same two, what only one half is known of."""
    calls, refused = (unheard.calls, unheard.errors) if unheard is not None else (0, 0)
    failed = ((known.errors, stats.errors, stats.calls), (known.lost, stats.lost + refused, stats.calls + calls))
    return all(rate.of_calls(count, made) < _WELL for rate, count, made in failed if count)


def _work(known: ServiceBaseline, service: ServiceKey, window: Summary) -> tuple[float, float, float]:
    """Units of work done, and between how many calls are expected of."""
    summary = window.services[service]
    done = float(summary.entries)
    least, most = known.mixture(summary, window.start_unix_nano)
    return done, done * least, done * most


def _callers(window: Summary, baseline: Baseline) -> Iterator[tuple[ServiceKey, ServiceBaseline]]:
    for key in {edge.client for edge in baseline.edges}:
        if key in window.services and key in baseline.services:
            yield key, baseline.services[key]


def _told(edge: EdgeKey, baseline: Baseline) -> bool:
    """Calls of which there is only the caller's half now and then: that there are more of these is not its doing."""
    answered = baseline.edges.get(replace(edge, inferred=False)) if edge.inferred else None
    known = baseline.edges.get(edge)
    return answered is not None and known is not None and answered.calls.count > known.calls.count
