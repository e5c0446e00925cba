"""Calls given up before they are answered, of a callee that answers as fast as ever."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.summary import Summary
from analyzers.unanswered import Pair, Unanswered, unanswered


@dataclass(frozen=True, slots=True)
class EarlyTimeoutConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class EarlyTimeout:
    """Reported about the caller: a deadline that was set too short, or used up before the call was made."""

    name = "early_timeout"

    def __init__(self, config: EarlyTimeoutConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        found, looked_at = unanswered(window, baseline, self._config.tolerance)
        findings = []
        for pair, calls in sorted(found.items(), key=lambda item: item[0]):
            if calls.early and (surprise := calls.surprise(self._config.tolerance)) >= self._config.threshold:
                findings.append(self._told(pair, calls, surprise, window))
        return among(findings, looked_at)

    def _told(self, pair: Pair, calls: Unanswered, surprise: float, window: Summary) -> Anomaly:
        client, server = pair
        expected = calls.usual.expected(calls.calls)
        return Anomaly(
            service=client,
            detector=self.name,
            subject=f"{client.name} -> {server.name}",
            surprise=surprise,
            observed=calls.failed / calls.calls,
            expected=expected / calls.calls,
            unit="share of calls",
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=(
                f"{client.name} gave up {calls.failed} calls of {server.name}, which answers as fast as ever,"
                f" where {usual(expected)}"
            ),
            peer=server,
            trace_ids=tuple(item.trace_id for item in calls.examples),
            onset_unix_nano=window.start_unix_nano,
        )
