"""A log template that rises, falls or stops, per unit of work."""

from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline, ServiceBaseline
from analyzers.detectors.wording import usual
from analyzers.service import ServiceKey
from analyzers.summary import ServiceSummary, Summary, TemplateCount


@dataclass(frozen=True, slots=True)
class TemplateRateConfig:
    # Standard deviations from normal that are reported.
    threshold: float = 4.0
    # Share of the expected count that a departure may have without being one.
    tolerance: float = 0.15


class TemplateRate:
    """Absence is a rate of zero: an expected template that stops is the strongest sign of work cut short."""

    name = "template_rate"

    def __init__(self, config: TemplateRateConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        return [
            finding
            for key, known in sorted(baseline.services.items())
            if (summary := window.services.get(key)) is not None
            for finding in self._service(key, summary, known, window)
        ]

    def _service(
        self, key: ServiceKey, summary: ServiceSummary, known: ServiceBaseline, window: Summary
    ) -> Iterator[Anomaly]:
        exposure = known.exposure(summary)
        unit = "records per unit of work" if known.traced else "share of records"
        for template_id, rate in sorted(known.templates.items()):
            seen = summary.templates.get(template_id)
            count = seen.count if seen else 0
            surprise = rate.surprise(count, exposure, self._config.tolerance)
            if abs(surprise) < self._config.threshold:
                continue
            text = known.texts[template_id]
            expected = usual(rate.expected(exposure))
            verb = "stopped" if not count else ("rose" if surprise > 0 else "fell")
            yield Anomaly(
                service=key,
                detector=self.name,
                subject=text,
                surprise=surprise,
                observed=count / exposure,
                expected=rate.expected(exposure) / exposure,
                unit=unit,
                start_unix_nano=window.start_unix_nano,
                end_unix_nano=window.end_unix_nano,
                description=f'"{text}" {verb}: {count} records where {expected} for the work done',
                template_id=template_id,
                pod=dominant(seen.pods) if seen else "",
                exemplars=seen.exemplars if seen else (),
                trace_ids=_traces(seen),
                onset_unix_nano=seen.first_unix_nano if seen and surprise > 0 else window.start_unix_nano,
            )


def dominant(pods: dict[str, int]) -> str:
    """The pod with at least two thirds of the records, when there is more than one; else empty."""
    if len(pods) < 2:
        return ""
    pod, count = max(sorted(pods.items()), key=lambda item: item[1])
    return pod if count * 3 >= 2 * sum(pods.values()) else ""


def _traces(seen: TemplateCount | None) -> tuple[bytes, ...]:
    return tuple(sorted({item.trace_id for item in seen.exemplars if item.trace_id})) if seen else ()
