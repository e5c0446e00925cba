"""Where everything that came in has gone, and how the service is."""

from dataclasses import dataclass

from server.ledger import Account
from server.progress import Progress


@dataclass(frozen=True, slots=True)
class StatusView:
    """One consistent look at the service. Times are nanoseconds, 0 where it has not come to that yet."""

    logs: Account
    traces: Account
    ready: bool
    progress: Progress
    # Of the wall clock.
    started_unix_nano: int
    version: str
    incidents_open: int
    # Why senders are told to wait at the moment; empty in good times.
    throttling: tuple[str, ...] = ()
    # Whether the native ingest path is in use and, if not, why.
    native_ingest: str = ""

    @property
    def watermark_unix_nano(self) -> int:
        """Of event time."""
        return self.progress.watermark_unix_nano

    @property
    def signals(self) -> tuple[tuple[str, Account], ...]:
        return (("logs", self.logs), ("traces", self.traces))

    @property
    def balanced(self) -> bool:
        """Whether for every signal everything received is accounted for."""
        return all(signal.difference == 0 for _, signal in self.signals)

    @property
    def equation(self) -> str:
        return "; ".join(f"{name}: {signal.equation}" for name, signal in self.signals)

    def to_json(self) -> dict[str, object]:
        """The body of GET /status."""
        return {
            **{name: signal.to_json() for name, signal in self.signals},
            "balanced": self.balanced,
            "ready": self.ready,
            "watermark_unix_nano": self.watermark_unix_nano,
            "judged_unix_nano": self.progress.judged_unix_nano,
            "catching_up": self.progress.catching_up,
            "behind_seconds": self.progress.behind_seconds,
            "started_unix_nano": self.started_unix_nano,
            "version": self.version,
            "incidents_open": self.incidents_open,
            "throttling": list(self.throttling),
            "native_ingest": self.native_ingest,
        }
