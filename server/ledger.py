"""The equation: received = counted + rejected + duplicate + dropped + pending, at every moment."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Signal(StrEnum):
    LOGS = "logs"
    TRACES = "traces"


@dataclass(frozen=True, slots=True)
class Account:
    """Records (or spans) of one signal; a deduplicated record counts as many as it stands for.

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
        """What is received and not accounted for; anything but 0 is a bug."""
        known = self.counted + self.rejected + self.duplicate + sum(self.dropped.values()) + self.pending
        return self.received - known

    @property
    def balanced(self) -> bool:
        return self.difference == 0

    def to_json(self) -> dict[str, object]:
        """As in GET /status."""
        return {
            "received": self.received,
            "counted": self.counted,
            "rejected": self.rejected,
            "duplicate": self.duplicate,
            "dropped": dict(self.dropped),
            "pending": self.pending,
            "late": self.late,
        }

    @property
    def equation(self) -> str:
        return (
            f"{self.received} received = {self.counted} counted + {self.rejected} rejected + {self.duplicate} duplicate"
            f" + {sum(self.dropped.values())} dropped + {self.pending} pending"
        )


@dataclass(slots=True)
class Tally:
    """What the pipeline has done with one signal. `taken` is what it took in hand, whatever came of it."""

    taken: int = 0
    # At the door, of requests that the pipeline has taken or that had nothing else in them.
    rejected: int = 0
    counted: int = 0
    duplicate: int = 0
    late: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class LedgerState:
    """All of it that belongs to one place in the journal."""

    logs: Tally = field(default_factory=Tally)
    traces: Tally = field(default_factory=Tally)


class Ledger:
    """Every record passes through here twice: at the door, and when it is known what became of it.

    Door and pipeline count by themselves; that the two agree is what the equation says.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies = {signal: Tally() for signal in Signal}
        self._accepted = dict.fromkeys(Signal, 0)
        self._rejected = dict.fromkeys(Signal, 0)

    def receive(self, signal: Signal, accepted: int, rejected: int = 0) -> None:
        """`accepted` records wait now for the pipeline; `rejected` ones were refused to the sender's face."""
        with self._lock:
            self._accepted[signal] += accepted
            self._rejected[signal] += rejected
            if not accepted:
                self._tallies[signal].rejected += rejected

    def settle(
        self,
        signal: Signal,
        taken: int,
        *,
        rejected: int = 0,
        counted: int = 0,
        duplicate: int = 0,
        late: int = 0,
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """What became of `taken` records that were pending; `rejected` ones came with them."""
        with self._lock:
            tally = self._tallies[signal]
            tally.taken += taken
            tally.rejected += rejected
            tally.counted += counted
            tally.duplicate += duplicate
            tally.late += late
            for reason, number in (dropped or {}).items():
                if number:
                    tally.dropped[reason] = tally.dropped.get(reason, 0) + number

    def account(self, signal: Signal) -> Account:
        with self._lock:
            tally = self._tallies[signal]
            return Account(
                received=self._accepted[signal] + self._rejected[signal],
                counted=tally.counted,
                rejected=self._rejected[signal],
                duplicate=tally.duplicate,
                dropped=dict(tally.dropped),
                pending=self._accepted[signal] - tally.taken,
                late=tally.late,
            )

    def state(self) -> LedgerState:
        """What the pipeline has settled; not a copy."""
        return LedgerState(self._tallies[Signal.LOGS], self._tallies[Signal.TRACES])

    def restore(self, state: LedgerState) -> None:
        """Go on with these totals; nothing of them is pending."""
        with self._lock:
            self._tallies = {Signal.LOGS: state.logs, Signal.TRACES: state.traces}
            for signal, tally in self._tallies.items():
                self._accepted[signal] = tally.taken
                self._rejected[signal] = tally.rejected
