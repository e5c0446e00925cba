"""Detectors: one file each, built by `build`. To add one: one file, one member of `DetectorConfig`, one case."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from analyzers.detectors.base import Detector
from analyzers.detectors.consumption import Consumption, ConsumptionConfig
from analyzers.detectors.early_timeout import EarlyTimeout, EarlyTimeoutConfig
from analyzers.detectors.edge_calls import EdgeCalls, EdgeCallsConfig
from analyzers.detectors.edge_errors import EdgeErrors, EdgeErrorsConfig
from analyzers.detectors.edge_gap import EdgeGap, EdgeGapConfig
from analyzers.detectors.error_share import ErrorShare, ErrorShareConfig
from analyzers.detectors.new_template import NewTemplate, NewTemplateConfig
from analyzers.detectors.self_time import SelfTime, SelfTimeConfig
from analyzers.detectors.silence import Silence, SilenceConfig
from analyzers.detectors.span_errors import SpanErrors, SpanErrorsConfig
from analyzers.detectors.template_rate import TemplateRate, TemplateRateConfig
from analyzers.detectors.throughput import Throughput, ThroughputConfig

DetectorConfig = (
    NewTemplateConfig
    | TemplateRateConfig
    | ErrorShareConfig
    | SpanErrorsConfig
    | SelfTimeConfig
    | EdgeGapConfig
    | EdgeCallsConfig
    | EdgeErrorsConfig
    | EarlyTimeoutConfig
    | ThroughputConfig
    | ConsumptionConfig
    | SilenceConfig
)

DEFAULTS: tuple[DetectorConfig, ...] = (
    NewTemplateConfig(),
    TemplateRateConfig(),
    ErrorShareConfig(),
    SpanErrorsConfig(),
    SelfTimeConfig(),
    EdgeGapConfig(),
    EdgeCallsConfig(),
    EdgeErrorsConfig(),
    EarlyTimeoutConfig(),
    ThroughputConfig(),
    ConsumptionConfig(),
    SilenceConfig(),
)

# Standard deviations that are reported once a failure is known to be there: no more than hints, most of them.
_SENSITIVE = 0.5

# Those that need nothing but logs.
LOG_DETECTORS = (NewTemplate.name, TemplateRate.name, ErrorShare.name)


def build(config: DetectorConfig) -> Detector:
    match config:
        case NewTemplateConfig():
            return NewTemplate(config)
        case TemplateRateConfig():
            return TemplateRate(config)
        case ErrorShareConfig():
            return ErrorShare(config)
        case SpanErrorsConfig():
            return SpanErrors(config)
        case SelfTimeConfig():
            return SelfTime(config)
        case EdgeGapConfig():
            return EdgeGap(config)
        case EdgeCallsConfig():
            return EdgeCalls(config)
        case EdgeErrorsConfig():
            return EdgeErrors(config)
        case EarlyTimeoutConfig():
            return EarlyTimeout(config)
        case ThroughputConfig():
            return Throughput(config)
        case ConsumptionConfig():
            return Consumption(config)
        case SilenceConfig():
            return Silence(config)
        case _:
            assert_never(config)


def build_all(configs: Iterable[DetectorConfig] = DEFAULTS) -> tuple[Detector, ...]:
    return tuple(build(config) for config in configs)


def sensitive(configs: Iterable[DetectorConfig] = DEFAULTS) -> tuple[Detector, ...]:
    """For a time that somebody or something points at: that there is a failure is given, so less convinces."""
    return build_all(replace(config, threshold=_SENSITIVE) for config in configs)


__all__ = ["DEFAULTS", "LOG_DETECTORS", "Detector", "DetectorConfig", "build", "build_all", "sensitive"]
