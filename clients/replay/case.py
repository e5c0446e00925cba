"""A recorded case: what was logged and traced, and, where it is known, what was wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that was recorded in OTLP, serialized as it was, with all that a row has no field for."""

    resource: bytes
    resource_schema_url: str
    scope: bytes
    scope_schema_url: str
    record: bytes


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log record. A time that is unknown, or was before 1970 in the source, is 0; ids are lower-case hex."""

    time_unix_nano: int
    service: str
    body: JsonValue
    pod: str = ""
    severity_text: str = ""
    severity_number: int = 0
    scope: str = ""
    trace_id: str = ""
    span_id: str = ""
    attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    exception_type: str = ""
    # Set where time_unix_nano is 0: the first span of the case, or of the recording its own value.
    observed_time_unix_nano: int = 0
    recorded: Recorded | None = None

    @property
    def event_unix_nano(self) -> int:
        """When it happened, as OTLP has it; 0 when nobody knows."""
        return self.time_unix_nano or self.observed_time_unix_nano


@dataclass(frozen=True, slots=True)
class SpanRow:
    """One span. Kind and status are OTLP's numbers, 0 where the source has none; ids are lower-case hex."""

    trace_id: str
    span_id: str
    name: str
    service: str
    start_unix_nano: int
    end_unix_nano: int
    parent_span_id: str = ""
    pod: str = ""
    kind: int = 0
    status_code: int = 0
    status_message: str = ""
    attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    recorded: Recorded | None = None

    @property
    def event_unix_nano(self) -> int:
        """When it was over; 0 when nobody knows."""
        return self.end_unix_nano or self.start_unix_nano


@dataclass(frozen=True, slots=True)
class Label:
    """What was wrong, for scoring. It is never sent."""

    root_cause_services: tuple[str, ...]
    root_cause_pod: str = ""
    fault_type: str = ""
    inject_unix_nano: int | None = None
    fault_window_unix_nano: tuple[int, int] | None = None
    nezha_window_unix_nano: tuple[int, int] | None = None
    # Folder of the normal minute, relative to the one that holds the case.
    normal_dir: str = ""
    # What in the service was wrong: the two log statements between which it was, "A_B", or a metric.
    inner_label: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Rows in the order of their files. Bounds are over known times only; None when no row has one.

    `first_unix_nano` is the earliest log time or span start, `last_unix_nano` the latest log time or span end.
    """

    paths: tuple[Path, ...]
    logs: tuple[LogRow, ...]
    spans: tuple[SpanRow, ...]
    label: Label | None = None
    first_unix_nano: int | None = None
    last_unix_nano: int | None = None
    # Lines of metrics in an OTLP recording: read over, never sent.
    skipped_metrics: int = 0


def make_case(
    paths: Iterable[Path],
    logs: Sequence[LogRow],
    spans: Sequence[SpanRow],
    label: Label | None = None,
    skipped_metrics: int = 0,
) -> Case:
    """A case with its bounds, in which every log has an event time if any row has one."""
    first_span = min((span.start_unix_nano for span in spans if span.start_unix_nano > 0), default=0)
    # Sources write a zero time on real errors: they belong to the case, only not to a known moment of it.
    stand_in = first_span or min((log.event_unix_nano for log in logs if log.event_unix_nano > 0), default=0)
    settled = tuple(log if log.event_unix_nano > 0 else replace(log, observed_time_unix_nano=stand_in) for log in logs)
    times = [log.event_unix_nano for log in settled if log.event_unix_nano > 0]
    starts = [span.start_unix_nano for span in spans if span.start_unix_nano > 0]
    ends = [span.event_unix_nano for span in spans if span.event_unix_nano > 0]
    return Case(
        paths=tuple(paths),
        logs=settled,
        spans=tuple(spans),
        label=label,
        first_unix_nano=min(times + starts + ends, default=None),
        last_unix_nano=max(times + ends, default=None),
        skipped_metrics=skipped_metrics,
    )


def merge_cases(cases: Sequence[Case]) -> Case:
    """Several recordings as one, to be sent in the order of their times. The label stays only with a single case."""
    if len(cases) == 1:
        return cases[0]
    return make_case(
        [path for case in cases for path in case.paths],
        [log for case in cases for log in case.logs],
        [span for case in cases for span in case.spans],
        skipped_metrics=sum(case.skipped_metrics for case in cases),
    )
