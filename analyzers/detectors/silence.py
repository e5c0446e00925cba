"""Everything silent at once: not all services failed, their telemetry is lost on the way."""

import math
from dataclasses import dataclass

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.service import ServiceKey
from analyzers.summary import Summary

# Whom it is about: no service, but what brings their telemetry.
SOURCE = ServiceKey("", "", "telemetry source")


@dataclass(frozen=True, slots=True)
class SilenceConfig:
    threshold: float = 2.5


class Silence:
    """One finding instead of one for each service; the others say nothing about services that are gone with it."""

    name = "silence"

    def __init__(self, config: SilenceConfig) -> None:
        self._config = config

    def detect(self, window: Summary, baseline: Baseline) -> list[Anomaly]:
        silent = baseline.silent(window)
        if not silent:
            return []
        # Each was there in all the buckets known of it: the chance that it isn't in the next is one in so many and one.
        nats = sum(math.log1p(baseline.services[key].present.exposure) for key in silent)
        surprise = -math.sqrt(2.0 * nats)
        if -surprise < self._config.threshold:
            return []
        return [
            Anomaly(
                service=SOURCE,
                detector=self.name,
                subject="all telemetry",
                surprise=surprise,
                observed=0.0,
                expected=float(len(silent)),
                unit="services that send",
                start_unix_nano=window.start_unix_nano,
                end_unix_nano=window.end_unix_nano,
                description=f"telemetry source lost: {len(silent)} services that always send fell silent at once",
                onset_unix_nano=window.start_unix_nano,
            )
        ]
