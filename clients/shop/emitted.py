"""How much the shop has handed to the SDK, so that what a receiver counts can be held against it."""

from dataclasses import dataclass

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor


@dataclass(frozen=True, slots=True)
class Emitted:
    log_records: int
    spans: int


class Ledger:
    """Counts for one shop, over all its pods, also those that are gone."""

    def __init__(self) -> None:
        self.log_records = 0
        self.spans = 0

    def emitted(self) -> Emitted:
        return Emitted(self.log_records, self.spans)


class CountingLogProcessor(LogRecordProcessor):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self._ledger.log_records += 1

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


class CountingSpanProcessor(SpanProcessor):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_end(self, span: ReadableSpan) -> None:
        self._ledger.spans += 1
