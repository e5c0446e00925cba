"""Recorded logs and spans, read and sent to any OTLP endpoint.

case = read_case("../shared/cases/tt/normal_2023-01-29")
for batch in to_otlp_requests(case):
    ...  # batch.request is an ExportLogsServiceRequest or an ExportTraceServiceRequest
"""

from clients.replay.batches import Batch, LogsBatch, TracesBatch, to_otlp_requests
from clients.replay.case import Case, Label, LogRow, Recorded, SpanRow, merge_cases
from clients.replay.errors import Place, ReplayError, SendError
from clients.replay.read import read_case
from clients.replay.run import SignalTotals, Totals, replay
from clients.replay.send import OtlpSender, Outcome, Patience
from clients.replay.timeline import Clock, Pace, Stretch, WallClock, lay_out

__all__ = [
    "Batch",
    "Case",
    "Clock",
    "Label",
    "LogRow",
    "LogsBatch",
    "OtlpSender",
    "Outcome",
    "Pace",
    "Patience",
    "Place",
    "Recorded",
    "ReplayError",
    "SendError",
    "SignalTotals",
    "SpanRow",
    "Stretch",
    "Totals",
    "TracesBatch",
    "WallClock",
    "lay_out",
    "merge_cases",
    "read_case",
    "replay",
    "to_otlp_requests",
]
