"""OTLP requests to columns."""

from analyzers.otlp.logs import LogDecoder, decode_logs, weigh
from analyzers.otlp.received import Received
from analyzers.otlp.spans import SpanDecoder, decode_spans
from analyzers.otlp.times import DecodeLimits

__all__ = ["DecodeLimits", "LogDecoder", "Received", "SpanDecoder", "decode_logs", "decode_spans", "weigh"]
