"""A caller that no longer makes the calls its work normally makes: the work is cut short before it gets there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.queues import sends
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import EdgeKey, EdgeStats, Summary


@dataclass(frozen=True, slots=True)
class EdgeCallsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class EdgeCalls:
    """Reported about the caller. Rises count as well: a retry storm is the caller's doing, however loud the callee."""

    name = "edge_calls"

    def __init__(self, config: EdgeCallsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        work_of = {key: _work(known, key, window) for key, known in _callers(window, baseline)}
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
