"""Anomaly to its message."""

from hypocenter.v1 import anomaly_pb2

from analyzers.anomaly import Anomaly
from server.api.messages.logs import to_log_entry
from server.api.messages.services import to_service
from server.api.messages.timestamps import to_timestamp


def to_anomaly(anomaly: Anomaly) -> anomaly_pb2.Anomaly:
    return anomaly_pb2.Anomaly(
        anomaly_id=anomaly.anomaly_id,
        service_name=anomaly.service.name,
        service=to_service(anomaly.service),
        detector=anomaly.detector,
        subject=anomaly.subject,
        template_id=anomaly.template_id,
        start_time=to_timestamp(anomaly.start_unix_nano),
        end_time=to_timestamp(anomaly.end_unix_nano),
        score=anomaly.score,
        surprise=anomaly.surprise,
        observed=anomaly.observed,
        expected=anomaly.expected,
        unit=anomaly.unit,
        description=anomaly.description,
        samples=[to_log_entry(anomaly.service, anomaly.template_id, exemplar) for exemplar in anomaly.exemplars],
        trace_ids=[trace_id.hex() for trace_id in anomaly.trace_ids],
        peer_service=to_service(anomaly.peer) if anomaly.peer is not None else None,
        pod_name=anomaly.pod,
    )
