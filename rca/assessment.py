"""What is to be said about some logs as a whole: what a back end stores."""

from dataclasses import dataclass
from enum import StrEnum

from analyzers.anomaly import Anomaly
from analyzers.service import ServiceKey
from analyzers.summary import TemplateCount
from rca.diagnosis import Evidence
from rca.incident import Severity


class Basis(StrEnum):
    """What an assessment rests on."""

    COLD = "cold"
    BASELINE = "baseline"
    LANGUAGE_MODEL = "language_model"


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What was found for one record, in the order sent. `severity` is None for an ordinary one."""

    is_anomaly: bool
    severity: Severity | None
    template_id: str
    # 0 is ordinary, 1 is certain.
    score: float
    anomaly_type: str = ""


@dataclass(frozen=True, slots=True)
class SeenTemplate:
    """A template among the logs, and who wrote it."""

    service: ServiceKey
    template_id: str
    count: TemplateCount


@dataclass(frozen=True, slots=True)
class Assessment:
    """`severity` is None and the texts are empty when nothing is wrong."""

    is_anomaly: bool
    severity: Severity | None
    anomaly_type: str
    root_cause: str
    affected_services: tuple[ServiceKey, ...]
    remediation_steps: tuple[str, ...]
    # 0 to 1, from the evidence.
    confidence: float
    explanation: str
    evidence: tuple[Evidence, ...]
    basis: Basis
    anomalies: tuple[Anomaly, ...]
    templates: tuple[SeenTemplate, ...]
    record_results: tuple[RecordResult, ...]
    analyzed_record_count: int
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
