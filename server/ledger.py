"""The equation: received = counted + rejected + duplicate + dropped + pending, at every moment."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Signal(StrEnum):
    LOGS = "logs"
    TRACES = "traces"


@dataclass(frozen=True, slots=True)
class Account:
    """Records (or spans) of one signal; a deduplicated record counts as many as it stands for."""

    received: int
    counted: int
    rejected: int
    duplicate: int
    dropped: Mapping[str, int]
    pending: int
    late: int

    @property
    def balanced(self) -> bool:
        settled = self.counted + self.rejected + self.duplicate + sum(self.dropped.values()) + self.pending
        return self.received == settled


class Ledger:
    """Every record passes through here twice: when it is received and when it is known what became of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Signal, str]] = Counter()
        self._dropped: Counter[tuple[Signal, str]] = Counter()

    def receive(self, signal: Signal, accepted: int, rejected: int = 0) -> None:
        """`accepted` records wait now for the pipeline; `rejected` ones were refused to the sender's face."""
        with self._lock:
            self._counts[signal, "received"] += accepted + rejected
            self._counts[signal, "pending"] += accepted
            self._counts[signal, "rejected"] += rejected

    def settle(self, signal: Signal, counted: int, dropped: Mapping[str, int] | None = None, late: int = 0) -> None:
        """What became of records that were pending. `late` ones are among the counted."""
        with self._lock:
            self._counts[signal, "counted"] += counted
            self._counts[signal, "pending"] -= counted
            self._counts[signal, "late"] += late
            for reason, number in (dropped or {}).items():
                if number:
                    self._dropped[signal, reason] += number
                    self._counts[signal, "pending"] -= number

    def account(self, signal: Signal) -> Account:
        with self._lock:
            counts = self._counts
            return Account(
                received=counts[signal, "received"],
                counted=counts[signal, "counted"],
                rejected=counts[signal, "rejected"],
                duplicate=counts[signal, "duplicate"],
                dropped={reason: number for (owner, reason), number in self._dropped.items() if owner is signal},
                pending=counts[signal, "pending"],
                late=counts[signal, "late"],
            )
