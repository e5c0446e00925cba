"""Calls that fail for their caller although the callee knows nothing of it: refused, lost, or answered too late."""

from dataclasses import dataclass
from typing import TypeAlias

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.exemplar import SpanExemplar, repeated
from analyzers.halves import Halves
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.summary import EdgeKey, EdgeStats, Summary

# Caller and callee.
_Pair: TypeAlias = tuple[ServiceKey, ServiceKey]


@dataclass(frozen=True, slots=True)
class EdgeErrorsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """Of so many calls, so many; `usual` is how many it normally is."""

    failed: int
    calls: int
    usual: Rate
    examples: tuple[SpanExemplar, ...]


class EdgeErrors:
    """Reported about the callee: it is down, out of reach or too slow, or sends no spans that would tell."""

    name = "edge_errors"

    def __init__(self, config: EdgeErrorsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        found: dict[_Pair, _Unanswered] = {}
        looked_at = 0
        for pair, edges in _between(window).items():
            if _judged(pair[0], baseline):
                looked_at += 1
                failing = [stats for failed, stats in edges if failed]
                if failing:
                    failed = sum(failed for failed, _ in edges) - _astray(pair, window, baseline)
                    calls = sum(stats.calls for _, stats in edges)
                    if failed > 0:
                        self._keep(found, pair, _Unanswered(failed, calls, _usual(pair, baseline), failing[0].slowest))
        for pair, halves in Halves(baseline).unanswered(window).items():
            if _judged(pair[0], baseline):
                looked_at += len(halves)
                for item in halves:
                    by_half = _Unanswered(item.unanswered, item.stats.calls, item.usual, item.stats.failed)
                    self._keep(found, pair, by_half)
        findings = [
            self._told(pair, calls, window)
            for pair, calls in sorted(found.items())
            if self._surprise(calls) >= self._config.threshold
        ]
        return among(findings, looked_at)

    def _keep(self, found: dict[_Pair, _Unanswered], pair: _Pair, calls: _Unanswered) -> None:
        """Of what tells of the same two, the most surprising."""
        known = found.get(pair)
        if known is None or self._surprise(calls) > self._surprise(known):
            found[pair] = calls

    def _surprise(self, calls: _Unanswered) -> float:
        return calls.usual.of_calls(calls.failed, calls.calls, self._config.tolerance, repeated(calls.examples))

    def _told(self, pair: _Pair, calls: _Unanswered, window: Summary) -> Anomaly:
        client, server = pair
        expected = calls.usual.expected(calls.calls)
        return Anomaly(
            service=server,
            detector=self.name,
            subject=f"{client.name} -> {server.name}",
            surprise=self._surprise(calls),
            observed=calls.failed / calls.calls,
            expected=expected / calls.calls,
            unit="share of calls",
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=(
                f"{calls.failed} calls from {client.name} to {server.name} failed without an answer,"
                f" where {usual(expected)}"
            ),
            peer=client,
            trace_ids=tuple(item.trace_id for item in calls.examples),
            onset_unix_nano=window.start_unix_nano,
        )


def _judged(client: ServiceKey, baseline: Baseline) -> bool:
    known = baseline.services.get(client)
    return known is not None and known.learned > 0


def _between(window: Summary) -> dict[_Pair, list[tuple[int, EdgeStats]]]:
    """The edges between the same two, each with how many of its calls were not answered: first the one of calls that
    the callee said nothing of."""
    found: dict[_Pair, list[tuple[int, EdgeStats]]] = {}
    for edge, stats in window.edges.items():
        if not edge.asynchronous:
            pair = found.setdefault((edge.client, edge.server), [])
            if edge.inferred:
                pair.insert(0, (stats.errors, stats))
            else:
                pair.append((stats.lost, stats))
    return found


def _astray(pair: _Pair, window: Summary, baseline: Baseline) -> int:
    """Calls that failed with their callee, and of which its half is missing as it always is of some: it was lost, or
    its clock is off."""
    usual, usual_alone = (baseline.edges.get(EdgeKey(*pair, inferred=inferred)) for inferred in (False, True))
    answered = window.edges.get(EdgeKey(*pair))
    if answered is None or usual is None or usual_alone is None or not usual.errors.exposure:
        return 0
    return round(answered.errors * usual_alone.errors.exposure / usual.errors.exposure)


def _usual(pair: _Pair, baseline: Baseline) -> Rate:
    """Of all calls of the same two: those that are not answered are another edge, of which alone nothing is usual."""
    rate = Rate()
    for inferred in (False, True):
        known = baseline.edges.get(EdgeKey(*pair, inferred=inferred))
        if known is not None:
            learned = known.errors if inferred else known.lost
            rate = rate.with_also(learned if learned.exposure > 0 else Rate(0.0, known.calls.count))
    return rate if rate.exposure > 0 else Rate(0.0, 1.0)
