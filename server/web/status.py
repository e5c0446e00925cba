"""Where everything that came in has gone, and how the service is."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignalStatus:
    """Totals of one signal since the data directory was made, in records (logs) or spans (traces).

    `late` is informative: late records are among the counted.
    """

    received: int
    counted: int
    rejected: int
    duplicate: int
    dropped: Mapping[str, int]
    pending: int
    late: int

    @property
    def difference(self) -> int:
        """What is received and not accounted for; 0 when all is well."""
        accounted = self.counted + self.rejected + self.duplicate + sum(self.dropped.values()) + self.pending
        return self.received - accounted

    @property
    def equation(self) -> str:
        return (
            f"{self.received} received = {self.counted} counted + {self.rejected} rejected + {self.duplicate} duplicate"
            f" + {sum(self.dropped.values())} dropped + {self.pending} pending"
        )

    def to_json(self) -> dict[str, object]:
        return {
            "received": self.received,
            "counted": self.counted,
            "rejected": self.rejected,
            "duplicate": self.duplicate,
            "dropped": dict(self.dropped),
            "pending": self.pending,
            "late": self.late,
        }


@dataclass(frozen=True, slots=True)
class StatusView:
    """One consistent look at the service. Times are nanoseconds, 0 where it has not come to that yet."""

    logs: SignalStatus
    traces: SignalStatus
    ready: bool
    # Of event time.
    watermark_unix_nano: int
    # Of the wall clock.
    started_unix_nano: int
    version: str
    incidents_open: int

    @property
    def signals(self) -> tuple[tuple[str, SignalStatus], ...]:
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
            "started_unix_nano": self.started_unix_nano,
            "version": self.version,
            "incidents_open": self.incidents_open,
        }
