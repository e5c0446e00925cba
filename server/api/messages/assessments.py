"""Assessment to the answer of AnalyzeLogs."""

from collections.abc import Mapping
from types import MappingProxyType

from hypocenter.v1 import log_service_pb2

from rca.assessment import Assessment, Basis, RecordResult
from server.api.messages.anomalies import to_anomaly
from server.api.messages.diagnoses import to_evidence
from server.api.messages.incidents import to_severity
from server.api.messages.logs import to_log_template
from server.api.messages.services import to_names

_BASES: Mapping[Basis, log_service_pb2.Assessment.Basis] = MappingProxyType(
    {
        Basis.COLD: log_service_pb2.Assessment.BASIS_COLD,
        Basis.BASELINE: log_service_pb2.Assessment.BASIS_BASELINE,
        Basis.LANGUAGE_MODEL: log_service_pb2.Assessment.BASIS_LANGUAGE_MODEL,
    }
)


def to_analysis(assessment: Assessment) -> log_service_pb2.AnalyzeLogsResponse:
    return log_service_pb2.AnalyzeLogsResponse(
        anomalies=[to_anomaly(anomaly) for anomaly in assessment.anomalies],
        templates=[to_log_template(seen.service, seen.template_id, seen.count) for seen in assessment.templates],
        analyzed_record_count=assessment.analyzed_record_count,
        assessment=_assessment(assessment),
        record_results=[_record_result(result) for result in assessment.record_results],
    )


def _assessment(assessment: Assessment) -> log_service_pb2.Assessment:
    return log_service_pb2.Assessment(
        is_anomaly=assessment.is_anomaly,
        severity=to_severity(assessment.severity),
        anomaly_type=assessment.anomaly_type,
        root_cause=assessment.root_cause,
        affected_services=to_names(assessment.affected_services),
        remediation_steps=assessment.remediation_steps,
        confidence=assessment.confidence,
        explanation=assessment.explanation,
        evidence=[to_evidence(item) for item in assessment.evidence],
        basis=_BASES[assessment.basis],
        model=assessment.model,
        input_token_count=assessment.input_tokens,
        output_token_count=assessment.output_tokens,
    )


def _record_result(result: RecordResult) -> log_service_pb2.RecordResult:
    return log_service_pb2.RecordResult(
        is_anomaly=result.is_anomaly,
        severity=to_severity(result.severity),
        template_id=result.template_id,
        score=result.score,
        anomaly_type=result.anomaly_type,
    )
