"""A service that does less than its callers' work asks of it, or nothing at all."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.entrances import Entrances
from analyzers.summary import Summary


@dataclass(frozen=True, slots=True)
class ThroughputConfig:
    threshold: float = 2.5
    tolerance: float = 0.25


class Throughput:
    """Only falls are reported: more work than usual is load, not failure."""

    name = "throughput"

    def __init__(self, config: ThroughputConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        if baseline.silent(window):
            return []
        entered = baseline.work_entered(window)
        entrances = Entrances(baseline, window)
        findings = []
        looked_at = 0
        for key, known in sorted(baseline.services.items()):
            looked_at += 1
            summary = window.services.get(key)
            done = known.exposure(summary) if summary else 0.0
            asked = entered
            surprise = known.throughput.surprise(done, asked, self._config.tolerance)
            if surprise <= -self._config.threshold:
                # Users who ask for other things need other services.
                asked *= entrances.mixture(key)[0]
                surprise = known.throughput.surprise(done, asked, self._config.tolerance)
            if surprise > -self._config.threshold:
                continue
            expected = known.throughput.expected(asked)
            findings.append(
                Anomaly(
                    service=key,
                    detector=self.name,
                    subject="units of work",
                    surprise=surprise,
                    observed=done / entered,
                    expected=expected / entered,
                    unit="units of work per request that entered the system",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=f"{done:.0f} units of work where {usual(expected)} for the load",
                    onset_unix_nano=window.start_unix_nano,
                )
            )
        return among(findings, looked_at)
