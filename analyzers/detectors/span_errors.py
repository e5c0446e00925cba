"""Spans that fail although nothing they called failed: where errors begin."""

from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.exemplar import repeated
from analyzers.halves import Halves
from analyzers.pods import failing
from analyzers.rates import Rate
from analyzers.summary import Summary


@dataclass(frozen=True, slots=True)
class SpanErrorsConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class SpanErrors:
    name = "span_errors"

    def __init__(self, config: SpanErrorsConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        halves = Halves(baseline)
        for key, summary in sorted(window.services.items()):
            known = baseline.services.get(key)
            if known is None or not known.learned:
                continue
            for name, stats in sorted(summary.operations.items()):
                looked_at += 1
                if not stats.origin_errors:
                    continue
                # Calls that are not answered are told of whom they went to, by `EdgeErrors` and `EarlyTimeout`.
                calling = halves.of(key, name, stats)
                failed = stats.origin_errors - (calling.unanswered if calling is not None else 0)
                if not failed:
                    continue
                learned = known.operations.get(name)
                # An operation never seen before is compared with one that had a single call and no error.
                rate = learned.errors if learned else Rate(0.0, 1.0)
                surprise = rate.of_calls(failed, stats.calls, self._config.tolerance, repeated(stats.failed))
                if surprise < self._config.threshold:
                    continue
                findings.append(
                    Anomaly(
                        service=key,
                        detector=self.name,
                        subject=name,
                        surprise=surprise,
                        observed=failed / stats.calls,
                        expected=rate.expected(stats.calls) / stats.calls,
                        unit="share of calls",
                        start_unix_nano=window.start_unix_nano,
                        end_unix_nano=window.end_unix_nano,
                        description=(
                            f"{failed} of {stats.calls} calls of {name} failed by themselves,"
                            f" where {usual(rate.expected(stats.calls))}"
                        ),
                        pod=failing(stats.failed_pods, stats.pods),
                        trace_ids=tuple(item.trace_id for item in stats.failed),
                        onset_unix_nano=min(item.end_unix_nano for item in stats.failed),
                    )
                )
        return among(findings, looked_at)
