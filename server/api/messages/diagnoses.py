"""Diagnosis and its parts to their messages."""

from hypocenter.v1 import root_cause_pb2

from rca.diagnosis import Diagnosis, Evidence, RootCause, RuledOut, SimilarIncident
from server.api.messages.graphs import to_service_graph
from server.api.messages.services import to_names, to_service
from server.api.messages.timestamps import to_timestamp


def to_diagnosis(diagnosis: Diagnosis) -> root_cause_pb2.Diagnosis:
    return root_cause_pb2.Diagnosis(
        root_causes=[_root_cause(cause) for cause in diagnosis.root_causes],
        ruled_out=[_ruled_out(item) for item in diagnosis.ruled_out],
        summary=diagnosis.summary,
        similar_incidents=[_similar(item) for item in diagnosis.similar],
        diagnose_time=to_timestamp(diagnosis.diagnose_unix_nano),
        remediation_steps=diagnosis.remediation_steps,
        inconclusive_reason=diagnosis.inconclusive_reason,
        service_graph=to_service_graph(diagnosis.graph),
        model=diagnosis.model,
    )


def to_evidence(evidence: Evidence) -> root_cause_pb2.Evidence:
    return root_cause_pb2.Evidence(
        signal=evidence.signal,
        contribution=evidence.contribution,
        description=evidence.description,
        anomaly_ids=evidence.anomaly_ids,
        trace_ids=[trace_id.hex() for trace_id in evidence.trace_ids],
        template_id=evidence.template_id,
    )


def _root_cause(cause: RootCause) -> root_cause_pb2.RootCause:
    return root_cause_pb2.RootCause(
        service_name=cause.service.name,
        service=to_service(cause.service),
        score=cause.score,
        hypothesis=cause.hypothesis,
        propagation_path=to_names(cause.path),
        evidence=[to_evidence(item) for item in cause.evidence],
        pod_name=cause.pod,
        operation=cause.operation,
        onset_time=to_timestamp(cause.onset_unix_nano),
        confidence=cause.confidence,
    )


def _ruled_out(item: RuledOut) -> root_cause_pb2.RuledOut:
    return root_cause_pb2.RuledOut(service_name=item.service.name, service=to_service(item.service), reason=item.reason)


def _similar(item: SimilarIncident) -> root_cause_pb2.SimilarIncident:
    return root_cause_pb2.SimilarIncident(
        incident=f"incidents/{item.incident_id}",
        title=item.title,
        score=item.score,
        shared=item.shared,
        different=item.different,
        resolution=item.resolution,
        start_time=to_timestamp(item.start_unix_nano),
        root_cause_service_name=item.root_cause,
    )
