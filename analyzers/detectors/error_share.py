"""More ERROR records per unit of work than usual."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.detectors.wording import usual
from analyzers.exemplar import keep_logs
from analyzers.pods import failing
from analyzers.summary import Summary, TemplateCount


@dataclass(frozen=True, slots=True)
class ErrorShareConfig:
    threshold: float = 2.5
    tolerance: float = 0.15


class ErrorShare:
    name = "error_share"

    def __init__(self, config: ErrorShareConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        kept = baseline.kept(window)
        for key, summary in sorted(window.services.items()):
            known = baseline.services.get(key)
            if known is None or not known.learned:
                continue
            looked_at += 1
            exposure = known.exposures(summary, kept)[1]
            # A service that did no countable work and still fails is judged by the time that passed.
            if not exposure and summary.error_records:
                exposure = known.usual_work(window)
            surprise = known.errors.surprise(summary.error_records, exposure, self._config.tolerance)
            if surprise < self._config.threshold:
                continue
            failed = [seen for seen in summary.templates.values() if seen.errors]
            exemplars = keep_logs(*(seen.exemplars for seen in failed))
            expected = known.errors.expected(exposure)
            findings.append(
                Anomaly(
                    service=key,
                    detector=self.name,
                    subject="records of severity ERROR and above",
                    surprise=surprise,
                    observed=summary.error_records / exposure,
                    expected=expected / exposure,
                    unit="errors per unit of work" if known.traced else "share of records",
                    start_unix_nano=window.start_unix_nano,
                    end_unix_nano=window.end_unix_nano,
                    description=f"{summary.error_records} records of severity ERROR or above where {usual(expected)}",
                    pod=failing(_by_pod(failed), summary.pods),
                    exemplars=exemplars,
                    trace_ids=tuple(sorted({item.trace_id for item in exemplars if item.trace_id})),
                    onset_unix_nano=min(seen.first_unix_nano for seen in failed),
                )
            )
        return among(findings, looked_at)


def _by_pod(failed: Iterable[TemplateCount]) -> Counter[str]:
    """Records of templates that tell of errors."""
    counts: Counter[str] = Counter()
    for seen in failed:
        counts.update(seen.pods)
    return counts
