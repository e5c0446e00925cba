"""A group of anomalies believed to have one cause, and its life."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from rca.diagnosis import Diagnosis

# Kept of one incident, the strongest.
MAX_ANOMALIES = 100


class State(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Severity(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Incident:
    """Times are event time in nanoseconds, 0 where it has not come to that yet."""

    incident_id: str
    title: str
    state: State
    severity: Severity
    services: tuple[ServiceKey, ...]
    anomalies: tuple[Anomaly, ...]
    start_unix_nano: int
    create_unix_nano: int
    update_unix_nano: int
    diagnosis: Diagnosis | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    resolution: str = ""
    end_unix_nano: int = 0
    acknowledge_unix_nano: int = 0
    resolve_unix_nano: int = 0
    reopen_count: int = 0
    # When it last came back. Not in incidents of older versions.
    reopen_unix_nano: int = 0
    auto_resolved: bool = False
    previous_incident: str = ""
    merged_into: str = ""
    # End of the last window that had findings of it.
    seen_unix_nano: int = 0
    # Services that showed it while it was young: what goes on without any of them is another failure.
    core: tuple[ServiceKey, ...] = ()
    # Services in which another failure began that has an incident of its own. Not in incidents of older versions.
    apart: tuple[ServiceKey, ...] = ()
    # Grows by one with every change.
    revision: int = 1

    @property
    def name(self) -> str:
        return f"incidents/{self.incident_id}"

    @property
    def etag(self) -> str:
        return f"{self.incident_id}-{self.revision}"

    @property
    def age(self) -> tuple[int, str]:
        """Sorts incidents: whichever was there first comes first."""
        return self.create_unix_nano, self.incident_id

    @property
    def ongoing(self) -> bool:
        """Whether anomalies are still coming: neither resolved nor quiet."""
        return self.state is not State.RESOLVED and not self.end_unix_nano

    @property
    def root_cause(self) -> ServiceKey | None:
        """The best candidate of the newest diagnosis, if there is one."""
        if self.diagnosis is None or not self.diagnosis.root_causes:
            return None
        return self.diagnosis.root_causes[0].service


def incident_id(first: Anomaly, told_apart: bool = False) -> str:
    """Deterministic: a hash of the first window and the first anomaly, so a replay or a restart makes no twin;
    another one where the incident was told apart from one with the same first anomaly."""
    text = f"{first.start_unix_nano}\x1f{first.anomaly_id}" + "\x1ftold apart" * told_apart
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
