"""A log template never seen before."""

import math
from dataclasses import dataclass

from analyzers.anomaly import Anomaly, among
from analyzers.baseline import Baseline
from analyzers.pods import failing
from analyzers.requested import Requests
from analyzers.service_baseline import ServiceBaseline
from analyzers.stack_frames import is_frame
from analyzers.summary import Summary, TemplateCount
from analyzers.templates import strangers

_WARN, _ERROR = 13, 17


@dataclass(frozen=True, slots=True)
class NewTemplateConfig:
    threshold: float = 2.5
    # The most a new template of this severity can surprise: new wording alone is no failure, however frequent.
    warn_limit: float = 3.5
    info_limit: float = 3.0
    # Windows of history after which never having been seen counts half.
    seasoning: float = 5.0


class NewTemplate:
    """Surprising in so far as it is frequent, severe, and the service had stopped producing new ones."""

    name = "new_template"

    def __init__(self, config: NewTemplateConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        findings = []
        looked_at = 0
        requests = Requests(baseline, window)
        for key, summary in sorted(window.services.items()):
            known = baseline.services.get(key)
            if known is None or not known.learned:
                continue
            looked_at += len(summary.templates)
            fresh = {item: seen for item, seen in sorted(summary.templates.items()) if item not in known.templates}
            # One that differs from known ones in a word that varies is no new wording.
            new = strangers({seen.text for seen in fresh.values()}, known.texts.values()) if fresh else frozenset()
            for template_id, seen in fresh.items():
                if seen.text not in new or is_frame(seen.text):
                    continue
                if seen.max_severity < _ERROR and known.released(window.end_unix_nano):
                    continue
                surprise = self._surprise(seen, known, window.end_unix_nano - window.start_unix_nano)
                if surprise < self._config.threshold or requests.explain(key, seen, 0.0):
                    continue
                findings.append(
                    Anomaly(
                        service=key,
                        detector=self.name,
                        subject=seen.text,
                        surprise=surprise,
                        observed=float(seen.count),
                        expected=0.0,
                        unit="records",
                        start_unix_nano=window.start_unix_nano,
                        end_unix_nano=window.end_unix_nano,
                        description=f'"{seen.text}" was never logged before, now {seen.count} times',
                        template_id=template_id,
                        pod=failing(seen.pods, summary.pods),
                        exemplars=seen.exemplars,
                        trace_ids=tuple(sorted({item.trace_id for item in seen.exemplars if item.trace_id})),
                        onset_unix_nano=seen.first_unix_nano,
                    )
                )
        return among(findings, looked_at)

    def _surprise(self, seen: TemplateCount, known: ServiceBaseline, window: int) -> float:
        # How often new ones have come so far, per bucket; one pseudo-count, lest a short history pass for a quiet one.
        discovery = (known.novelty.count + 1) / (known.novelty.exposure + 1)
        # What was never seen in a short time may still be ordinary.
        seasoned = known.learned / (known.learned + self._config.seasoning * window)
        burst = math.sqrt(known.burstiness)
        surprise = 4.0 * (math.sqrt(seen.count + 0.375) - math.sqrt(0.375)) / burst * seasoned / (1.0 + 2.0 * discovery)
        if seen.max_severity >= _ERROR:
            return surprise
        return min(surprise, self._config.warn_limit if seen.max_severity >= _WARN else self._config.info_limit)
