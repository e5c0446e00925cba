"""A whole replay: every batch at its moment, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from clients.replay.batches import Batch, LogsBatch
from clients.replay.send import OtlpSender, Outcome
from clients.replay.timeline import Pace

_MAX_MESSAGES = 20


@dataclass(slots=True)
class SignalTotals:
    """Rows of one signal: sent is what left, rejected what the endpoint said it did not take of them."""

    sent: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Totals:
    """What a replay did so far. Event times are as sent; 0 before the first row with a time."""

    logs: SignalTotals = field(default_factory=SignalTotals)
    spans: SignalTotals = field(default_factory=SignalTotals)
    batches: int = 0
    retries: int = 0
    first_unix_nano: int = 0
    last_unix_nano: int = 0
    # What the endpoint said, each wording once, with how often. Bounded.
    messages: dict[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """Rows of both signals that were not taken."""
        return self.logs.rejected + self.spans.rejected

    def add(self, batch: Batch, outcome: Outcome) -> None:
        """Count one batch."""
        signal = self.logs if isinstance(batch, LogsBatch) else self.spans
        signal.sent += batch.row_count
        signal.rejected += outcome.rejected
        self.batches += 1
        self.retries += outcome.retries
        if batch.first_unix_nano:
            self.first_unix_nano = min(self.first_unix_nano or batch.first_unix_nano, batch.first_unix_nano)
        self.last_unix_nano = max(self.last_unix_nano, batch.last_unix_nano)
        if outcome.message and (outcome.message in self.messages or len(self.messages) < _MAX_MESSAGES):
            self.messages[outcome.message] = self.messages.get(outcome.message, 0) + 1


def replay(
    batches: Iterable[Batch],
    sender: OtlpSender,
    pace: Pace,
    *,
    on_batch: Callable[[Totals], None] = lambda totals: None,
    on_retry: Callable[[str, float], None] = lambda message, wait: None,
) -> Totals:
    """Send all batches in order, and return the totals. `on_batch` sees them after each. Raises SendError."""
    totals = Totals()
    for batch in batches:
        pace.wait(batch.send_at_unix_nano)
        totals.add(batch, sender.send(batch, on_retry))
        on_batch(totals)
    return totals
