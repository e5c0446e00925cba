"""A service that does less than its callers' work asks of it, or nothing at all; or a job of it that is not run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.clocks import Clock
from analyzers.detectors.wording import usual
from analyzers.entrances import Entrances
from analyzers.service import ServiceKey
from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import ServiceSummary, Summary


@dataclass(frozen=True, slots=True)
class ThroughputConfig:
    threshold: float = 2.5
    tolerance: float = 0.25
    # How often a second a job begins at the most, how far from a clock's even flow its buckets may be, as a share of
    # what chance does, what share of it may be left, and what share of its usual work the service must do, for one that
    # is not run to be missed.
    often: float = 0.5
    regular: float = 0.5
    left: float = 0.2
    working: float = 0.5


class Throughput:
    """Only falls are reported: more work than usual is load, not failure."""

    name = "throughput"
    # What a finding is about that is not about a single job.
    all_work = "units of work"

    def __init__(self, config: ThroughputConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        if baseline.silent(window):
            return []
        entered = baseline.work_entered(window)
        entrances = Entrances(baseline, window)
        findings: list[Anomaly] = []
        looked_at = 0
        for key, known in sorted(baseline.services.items()):
            looked_at += 1
            summary = window.services.get(key) or ServiceSummary()
            done = known.exposure(summary)
            if known.learned and done >= self._config.working * known.usual_work(window):
                jobs = self._jobs(known, _seconds(window))
                looked_at += len(jobs)
                findings += self._stopped(key, jobs, summary, window)
            asked = self._asked(known, entered, window)
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
                    subject=self.all_work,
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

    def _asked(self, known: ServiceBaseline, entered: float, window: Summary) -> float:
        """Units of work that entered, but no more than bring it its usual work: whoever comes beside the others, as
        those do who try all doors, may ask nothing of it."""
        expected = known.throughput.expected(entered)
        return entered * min(1.0, known.usual_work(window) / expected) if known.learned and expected > 0 else entered

    def _jobs(self, known: ServiceBaseline, seconds: float) -> list[tuple[str, Clock]]:
        """What begins by the clock and seldom, known for longer than it is looked for; by the second."""
        return [
            (name, learned.clocked)
            for name, learned in sorted(known.operations.items())
            if learned.clocked.exposure >= seconds
            and (learned.clocked.misfit <= self._config.regular or learned.clocked.regular)
            and learned.clocked.expected(1.0) <= self._config.often
        ]

    def _stopped(
        self, key: ServiceKey, jobs: Iterable[tuple[str, Clock]], summary: ServiceSummary, window: Summary
    ) -> Iterator[Anomaly]:
        seconds = _seconds(window)
        for name, clock in jobs:
            seen = summary.operations.get(name)
            count, expected = seen.entries if seen else 0, clock.expected(seconds)
            surprise = 0.0 if count else clock.overdue(seconds)
            if clock.misfit <= self._config.regular:
                surprise = min(surprise, clock.surprise(count, seconds, self._config.tolerance))
            if surprise <= -self._config.threshold and count <= self._config.left * expected:
                yield Anomaly(
                    service=key,
                    detector=self.name,
                    subject=name,
                    surprise=surprise,
                    observed=count / seconds,
                    expected=expected / seconds,
                    unit="units of work per second",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=f"{name} began {count} times where {usual(expected)} by the clock",
                    onset_unix_nano=window.start_unix_nano,
                )


def _seconds(window: Summary) -> float:
    return (window.end_unix_nano - window.start_unix_nano) / 1e9
