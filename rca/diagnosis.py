"""What the analysis concluded, with all it looked at."""

from dataclasses import dataclass

from analyzers.service import ServiceKey
from rca.graph import ServiceGraph


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for (positive) or against (negative) a candidate."""

    signal: str
    contribution: float
    description: str
    anomaly_ids: tuple[str, ...] = ()
    trace_ids: tuple[bytes, ...] = ()
    template_id: str = ""


@dataclass(frozen=True, slots=True)
class RootCause:
    """One candidate. `score` is the sum of the contributions of its evidence, comparable within one diagnosis only."""

    service: ServiceKey
    evidence: tuple[Evidence, ...]
    hypothesis: str
    path: tuple[ServiceKey, ...]
    # 0 to 1: its share of what all candidates together scored.
    confidence: float = 0.0
    pod: str = ""
    operation: str = ""
    onset_unix_nano: int = 0

    @property
    def score(self) -> float:
        return sum(item.contribution for item in self.evidence)


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A service that looked guilty and is not."""

    service: ServiceKey
    reason: str


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """A past incident that resembles this one. `score` is 0 to 1."""

    incident_id: str
    title: str
    score: float
    shared: tuple[str, ...]
    different: tuple[str, ...]
    resolution: str
    start_unix_nano: int
    root_cause: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Root causes best first. `inconclusive_reason` is set when the evidence does not suffice, and says what lacks."""

    root_causes: tuple[RootCause, ...]
    ruled_out: tuple[RuledOut, ...]
    summary: str
    remediation_steps: tuple[str, ...]
    graph: ServiceGraph
    diagnose_unix_nano: int
    similar: tuple[SimilarIncident, ...] = ()
    inconclusive_reason: str = ""
    model: str = ""
