"""An operation that takes longer by itself, its callees' time left out."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.impact import cost, felt, waiting_time
from analyzers.detectors.wording import milliseconds
from analyzers.pods import slower, slowest
from analyzers.summary import Summary


@dataclass(frozen=True, slots=True)
class SelfTimeConfig:
    threshold: float = 2.5
    tolerance: float = 0.2


class SelfTime:
    name = "self_time"

    def __init__(self, config: SelfTimeConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        waiting = waiting_time(window)
        for key, summary in sorted(window.services.items()):
            known = baseline.services.get(key)
            if known is None:
                continue
            for name, stats in sorted(summary.operations.items()):
                learned = known.operations.get(name)
                if learned is None:
                    continue
                looked_at += 1
                tolerance = self._config.tolerance
                surprise = max(
                    learned.self_time.surprise(stats.self_time, tolerance, learned.negligible),
                    slower(stats.bins_pods, stats.timed_pods, stats.self_time, learned.self_time, tolerance),
                )
                if surprise < self._config.threshold:
                    surprise = learned.self_time.lasting(stats.slow, stats.timed)
                if surprise < self._config.threshold:
                    continue
                extra = stats.self_time.total() - stats.self_time.count * learned.self_time.typical
                surprise = felt(surprise, extra, waiting)
                observed = stats.self_time.quantile(0.5) / 1e6
                typical = learned.self_time.typical / 1e6
                findings.append(
                    Anomaly(
                        service=key,
                        detector=self.name,
                        subject=name,
                        surprise=surprise,
                        observed=observed,
                        expected=typical,
                        unit="ms",
                        start_unix_nano=window.start_unix_nano,
                        end_unix_nano=window.end_unix_nano,
                        description=(
                            f"{name} itself takes {milliseconds(stats.self_time.quantile(0.5))}, and"
                            f" {milliseconds(stats.self_time.quantile(0.95))} at its slowest,"
                            f" where {milliseconds(learned.self_time.typical)} are usual"
                        ),
                        pod=slowest(stats.bins_pods, stats.timed_pods, learned.self_time),
                        trace_ids=tuple(item.trace_id for item in stats.slowest),
                        onset_unix_nano=window.start_unix_nano,
                        cost=cost(extra, waiting),
                    )
                )
        return among(findings, looked_at)
