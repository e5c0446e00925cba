"""A finding of one detector about one service in one window."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What departed from normal, by how much, and where to look.

    `surprise` is signed, in standard deviations of what is normal for this very thing, given how much was seen of it;
    so findings of different detectors can be compared. `observed` and `expected` are in `unit`.
    """

    service: ServiceKey
    detector: str
    # What it is about: a template text, an operation, or an edge "client -> server".
    subject: str
    surprise: float
    observed: float
    expected: float
    unit: str
    start_unix_nano: int
    end_unix_nano: int
    description: str
    template_id: str = ""
    peer: ServiceKey | None = None
    pod: str = ""
    exemplars: tuple[LogExemplar, ...] = ()
    trace_ids: tuple[bytes, ...] = ()
    # Event time of the first record that shows it, as exactly as it is known.
    onset_unix_nano: int = 0
    # How many things its detector compared with normal in this window: the most surprising of many is less of one.
    looked_at: int = 1
    # Of a slowness: the share it has of all the time that requests take from where they enter the system.
    cost: float = 0.0
    # Of calls: whether nobody ever called that name before. Not in incidents of older versions.
    new_name: bool = False

    @property
    def evidence(self) -> float:
        """In nats: how much less likely than one in all that was looked at it is to be chance; at least 0."""
        return max(0.0, self.surprise**2 / 2.0 - math.log(self.looked_at))

    @property
    def score(self) -> float:
        """0 is ordinary, 1 is certain: |surprise| / (|surprise| + 4)."""
        return abs(self.surprise) / (abs(self.surprise) + 4.0)

    @property
    def key(self) -> tuple[ServiceKey, str, str, ServiceKey | None]:
        """The same thing found again in a later window has the same key."""
        return (self.service, self.detector, self.template_id or self.subject, self.peer)

    @property
    def anomaly_id(self) -> str:
        """Deterministic: a hash of what, where and since when."""
        parts = (str(self.service), self.detector, self.template_id or self.subject, str(self.peer or ""))
        text = "\x1f".join((*parts, str(self.start_unix_nano)))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def among(findings: Iterable[Anomaly], looked_at: int) -> list[Anomaly]:
    """The findings of one detector in one window, who know now of how many they are."""
    return [replace(item, looked_at=max(1, looked_at)) for item in findings]


def strongest(findings: Iterable[Anomaly]) -> tuple[Anomaly, ...]:
    """Of each thing the most surprising finding, in the order in which things were first found."""
    best: dict[object, Anomaly] = {}
    for item in findings:
        known = best.get(item.key)
        if known is None or abs(item.surprise) > abs(known.surprise):
            best[item.key] = item
    return tuple(best.values())
