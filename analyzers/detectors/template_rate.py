"""A log template that rises, falls or stops, per unit of work."""

from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline, ServiceBaseline
from analyzers.detectors.wording import usual
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.summary import ServiceSummary, Summary, TemplateCount


@dataclass(frozen=True, slots=True)
class TemplateRateConfig:
    # Standard deviations from normal that are reported.
    threshold: float = 4.0
    # Share of the expected count that a departure may have without being one.
    tolerance: float = 0.15
    # Share of a template's records whose operation must be known for the operation to be what it is counted by.
    witnessed: float = 0.5


@dataclass(frozen=True, slots=True)
class _Count:
    """One way of counting a template: `count` in `exposure`, and what of; `rate` is what is normal for it."""

    rate: Rate
    count: int
    exposure: float
    unit: str
    where: str


class TemplateRate:
    """Absence is a rate of zero: an expected template that stops is the strongest sign of work cut short.

    Counted per call of the operation that writes it where logs name their spans, else per unit of work of the service.
    A WARN or ERROR that becomes rarer is no failure and is not reported.
    """

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
        by_operation = self._by_operation(summary, known)
        for template_id, rate in sorted(known.templates.items()):
            seen = summary.templates.get(template_id)
            counts = by_operation.get(template_id, [])
            if sum(item.rate.count for item in counts) < self._config.witnessed * rate.count:
                unit = "records per unit of work" if known.traced else "share of records"
                counts = [_Count(rate, seen.count if seen else 0, known.exposure(summary), unit, "the work done")]
            surprises = [
                (item.rate.surprise(item.count, item.exposure, self._config.tolerance), item) for item in counts
            ]
            surprise, counted = max(surprises, key=lambda pair: abs(pair[0]))
            if abs(surprise) < self._config.threshold or (surprise < 0 and template_id in known.severe):
                continue
            yield self._finding(key, template_id, known.texts[template_id], seen, surprise, counted, window)

    def _by_operation(self, summary: ServiceSummary, known: ServiceBaseline) -> dict[str, list[_Count]]:
        found: dict[str, list[_Count]] = {}
        for name, learned in sorted(known.operations.items()):
            stats = summary.operations.get(name)
            for template_id, rate in learned.templates.items():
                count = stats.templates.get(template_id, 0) if stats else 0
                calls = float(stats.calls) if stats else 0.0
                item = _Count(rate, count, calls, "records per call", f"the calls of {name}")
                found.setdefault(template_id, []).append(item)
        return found

    def _finding(
        self,
        key: ServiceKey,
        template_id: str,
        text: str,
        seen: TemplateCount | None,
        surprise: float,
        counted: _Count,
        window: Summary,
    ) -> Anomaly:
        expected = counted.rate.expected(counted.exposure)
        verb = "stopped" if not counted.count else ("rose" if surprise > 0 else "fell")
        return Anomaly(
            service=key,
            detector=self.name,
            subject=text,
            surprise=surprise,
            observed=counted.count / counted.exposure,
            expected=expected / counted.exposure,
            unit=counted.unit,
            start_unix_nano=window.start_unix_nano,
            end_unix_nano=window.end_unix_nano,
            description=f'"{text}" {verb}: {counted.count} records where {usual(expected)} for {counted.where}',
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
