"""A caller that no longer makes the calls its work normally makes: the work is cut short before it gets there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.queues import sends
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import EdgeKey, EdgeStats, Summary

# Standard deviations from their usual share up to which calls fail no more than ever.
_WELL = 2.0


@dataclass(frozen=True, slots=True)
class EdgeCallsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15
    # Share of a departure that calls of another callee must make up for to be the other branch.
    branch: float = 0.6


class EdgeCalls:
    """Reported about the caller. Rises count as well: a retry storm is the caller's doing, however loud the callee. Not
    what another callee that it usually calls makes up for, while neither fails: its work took the other branch."""

    name = "edge_calls"

    def __init__(self, config: EdgeCallsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        work_of = {key: _work(known, key, window) for key, known in _callers(window, baseline)}
        branches = _Branches(window, baseline)
        for edge, known in sorted(baseline.edges.items()):
            if edge.client not in work_of or (edge.asynchronous and not sends(edge)) or _told(edge, baseline):
                continue
            looked_at += 1
            stats = window.edges.get(edge) or EdgeStats()
            done, least, most = work_of[edge.client]
            work = known.calls.nearest(stats.calls, least, most)
            if work is None:
                continue
            surprise = known.calls.surprise(known.made(stats, work), work, self._config.tolerance)
            if abs(surprise) < self._config.threshold or (surprise < 0 and known.passing(work)):
                continue
            unheard = window.edges.get(replace(edge, inferred=not edge.inferred))
            if surprise < 0 and unheard is not None:
                # Calls whose other half is missing were made all the same.
                surprise = min(0.0, known.calls.surprise(stats.calls + unheard.calls, work, self._config.tolerance))
                if surprise > -self._config.threshold:
                    continue
            if branches.made_up_for(edge, done, self._config.branch):
                continue
            expected = known.calls.expected(work)
            findings.append(
                Anomaly(
                    service=edge.client,
                    detector=self.name,
                    subject=f"{edge.client.name} -> {edge.server.name}",
                    surprise=surprise,
                    observed=stats.calls / done,
                    expected=expected / done,
                    unit="calls per unit of work",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=f"{stats.calls} calls of {edge.server.name} where {usual(expected)} for the work done",
                    peer=edge.server,
                    trace_ids=tuple(item.trace_id for item in stats.slowest),
                    onset_unix_nano=window.start_unix_nano,
                )
            )
        return among(findings, looked_at)


class _Branches:
    """By how many calls each caller departs from what is usual for its work, of each that it calls and waits for."""

    def __init__(self, window: Summary, baseline: Baseline) -> None:
        self._window, self._baseline = window, baseline

    def made_up_for(self, edge: EdgeKey, done: float, branch: float) -> bool:
        """Whether calls of another callee depart as far to the other side, and those of neither fail more than ever."""
        departure = self._departure(edge, done)
        others = (other for other in self._siblings.get(edge.client, ()) if other.server != edge.server)
        return self._well(edge) and any(
            -self._departure(other, done) * departure >= branch * departure**2 > 0 and self._well(other)
            for other in others
        )

    # Not before a departure is there: there may be many calls, and mostly nothing is wrong.
    @cached_property
    def _siblings(self) -> dict[ServiceKey, list[EdgeKey]]:
        found: dict[ServiceKey, list[EdgeKey]] = {}
        for edge, known in self._baseline.edges.items():
            if known.calls.count > 0 and not edge.asynchronous:
                found.setdefault(edge.client, []).append(edge)
        return found

    def _departure(self, edge: EdgeKey, done: float) -> float:
        stats = self._window.edges.get(edge)
        return (stats.calls if stats is not None else 0) - self._baseline.edges[edge].calls.expected(done)

    def _well(self, edge: EdgeKey) -> bool:
        stats = self._window.edges.get(edge) or EdgeStats()
        known = self._baseline.edges[edge]
        failed = ((known.errors, stats.errors), (known.lost, stats.lost))
        return all(rate.of_calls(count, stats.calls) < _WELL for rate, count in failed if count)


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
