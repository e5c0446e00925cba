"""From OTLP messages to columns."""

from analyzers.otlp.logs import decode_logs, needs_attributes, weigh
from analyzers.otlp.spans import decode_spans
from analyzers.otlp.times import DecodeLimits

__all__ = ["DecodeLimits", "decode_logs", "decode_spans", "needs_attributes", "weigh"]
