"""Scoring with the fault time given: one window against what is known to be normal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from analyzers.anomaly import Anomaly
from analyzers.baseline import Baseline
from analyzers.detectors import sensitive
from analyzers.otlp import DecodeLimits, decode_logs, decode_spans
from analyzers.summary import Summary, union
from analyzers.templates import TemplateMiner
from analyzers.timeline import Timeline, WindowSettings
from clients.replay import Case, LogsBatch, to_otlp_requests
from rca.diagnosis import RootCause
from rca.graph import build_graph
from rca.ranking import rank
from server.evaluation.inner import Statements, statements_of

_AHEAD = 2**62


class Mode(StrEnum):
    # The normal minute against the minute the label names, as in the paper of the data.
    PAPER = "paper"
    # The normal minute and the case's own earlier rows against all later rows.
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Given:
    """Candidates for a case, and what they rest on."""

    causes: tuple[RootCause, ...]
    anomalies: tuple[Anomaly, ...]
    statements: Statements
    # As how many pods each service ran.
    pods: Mapping[str, int]


def ranked(case: Case, normal: Case | None, mode: Mode) -> Given | None:
    """None when it has no label for this mode."""
    label = case.label
    if label is None:
        return None
    baseline = Baseline()
    usual = buckets_of(normal) if normal is not None else []
    if mode is Mode.PAPER:
        if label.nezha_window_unix_nano is None:
            return None
        begin, end = label.nezha_window_unix_nano
        faulty = buckets_of(cut(case, lambda time: begin <= time <= end))
    else:
        if label.inject_unix_nano is None:
            return None
        moment = label.inject_unix_nano
        usual += buckets_of(cut(case, lambda time: time < moment))
        faulty = buckets_of(cut(case, lambda time: time >= moment))
    for bucket in usual:
        baseline.learn(bucket)
    baseline.settle()
    window = union(faulty) if faulty else Summary(0, 0)
    anomalies = tuple(item for detector in sensitive() for item in detector.detect(window, baseline))
    pods = {service.name: len(seen.pods) for service, seen in window.services.items()}
    return Given(rank(anomalies, build_graph(window)), anomalies, statements_of([*usual, *faulty]), pods)


def cut(case: Case, wanted: Callable[[int], bool]) -> Case:
    """The rows of the case whose event time is wanted."""
    return replace(
        case,
        logs=tuple(row for row in case.logs if wanted(row.event_unix_nano)),
        spans=tuple(row for row in case.spans if wanted(row.event_unix_nano)),
    )


def buckets_of(case: Case) -> list[Summary]:
    """Everything in the case, through the decoder, the miner and the assembler, as closed buckets."""
    timeline, miner, limits = Timeline(WindowSettings()), TemplateMiner(), DecodeLimits()
    for batch in to_otlp_requests(case):
        if isinstance(batch, LogsBatch):
            logs = decode_logs(batch.request.resource_logs, _AHEAD, limits)
            timeline.add_logs(logs, miner.mine(logs))
        else:
            timeline.add_spans(decode_spans(batch.request.resource_spans, _AHEAD, limits))
    return list(timeline.close_all())
