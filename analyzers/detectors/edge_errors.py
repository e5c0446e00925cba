"""Calls that fail for their caller although the callee knows nothing of it: refused, lost, or answered too late."""

from dataclasses import dataclass, replace

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.rates import Rate
from analyzers.summary import EdgeKey, Summary


@dataclass(frozen=True, slots=True)
class EdgeErrorsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class EdgeErrors:
    """Reported about the callee: it is down, out of reach or too slow, or sends no spans that would tell."""

    name = "edge_errors"

    def __init__(self, config: EdgeErrorsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        for edge, stats in sorted(window.edges.items()):
            known = baseline.services.get(edge.client)
            if known is None or not known.learned or edge.asynchronous:
                continue
            looked_at += 1
            failed = stats.errors if edge.inferred else stats.lost
            if not failed:
                continue
            rate = _usual(edge, baseline)
            surprise = rate.surprise(failed, stats.calls, self._config.tolerance)
            if surprise < self._config.threshold:
                continue
            expected = rate.expected(stats.calls)
            findings.append(
                Anomaly(
                    service=edge.server,
                    detector=self.name,
                    subject=f"{edge.client.name} -> {edge.server.name}",
                    surprise=surprise,
                    observed=failed / stats.calls,
                    expected=expected / stats.calls,
                    unit="share of calls",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=(
                        f"{failed} calls from {edge.client.name} to {edge.server.name} failed without an answer,"
                        f" where {usual(expected)}"
                    ),
                    peer=edge.client,
                    trace_ids=tuple(item.trace_id for item in stats.slowest),
                    onset_unix_nano=window.start_unix_nano,
                )
            )
        return among(findings, looked_at)


def _usual(edge: EdgeKey, baseline: Baseline) -> Rate:
    """Calls that always were answered become unanswered ones under another key."""
    known = baseline.edges.get(edge)
    if known is not None and (rate := known.errors if edge.inferred else known.lost).exposure > 0:
        return rate
    answered = baseline.edges.get(replace(edge, inferred=False))
    return Rate(0.0, max(1.0, answered.calls.count if answered is not None else 1.0))
