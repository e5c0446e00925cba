"""Incident to its message, and the enums it shares."""

from collections.abc import Mapping
from types import MappingProxyType

from hypocenter.v1 import incident_pb2

from rca.incident import Incident, Severity, State
from server.api.messages.anomalies import to_anomaly
from server.api.messages.diagnoses import to_diagnosis
from server.api.messages.services import to_names, to_service
from server.api.messages.timestamps import to_timestamp

_STATES: Mapping[State, incident_pb2.Incident.State] = MappingProxyType(
    {
        State.OPEN: incident_pb2.Incident.STATE_OPEN,
        State.ACKNOWLEDGED: incident_pb2.Incident.STATE_ACKNOWLEDGED,
        State.RESOLVED: incident_pb2.Incident.STATE_RESOLVED,
    }
)
_SEVERITIES: Mapping[Severity, incident_pb2.Severity] = MappingProxyType(
    {
        Severity.LOW: incident_pb2.SEVERITY_LOW,
        Severity.MEDIUM: incident_pb2.SEVERITY_MEDIUM,
        Severity.HIGH: incident_pb2.SEVERITY_HIGH,
        Severity.CRITICAL: incident_pb2.SEVERITY_CRITICAL,
    }
)
_FROM_SEVERITIES = MappingProxyType({message: severity for severity, message in _SEVERITIES.items()})


def to_severity(severity: Severity | None) -> incident_pb2.Severity:
    return incident_pb2.SEVERITY_UNSPECIFIED if severity is None else _SEVERITIES[severity]


def from_severity(severity: incident_pb2.Severity) -> Severity | None:
    """None for unspecified, and for a number this version does not know."""
    return _FROM_SEVERITIES.get(severity)


def to_name(incident_id: str) -> str:
    """The resource name, empty for no incident."""
    return f"incidents/{incident_id}" if incident_id else ""


def to_incident(incident: Incident, view: incident_pb2.IncidentView) -> incident_pb2.Incident:
    """BASIC leaves out anomalies and diagnosis."""
    message = incident_pb2.Incident(
        name=incident.name,
        title=incident.title,
        state=_STATES[incident.state],
        severity=to_severity(incident.severity),
        service_names=to_names(incident.services),
        services=[to_service(service) for service in incident.services],
        labels=incident.labels,
        resolution=incident.resolution,
        start_time=to_timestamp(incident.start_unix_nano),
        end_time=to_timestamp(incident.end_unix_nano),
        create_time=to_timestamp(incident.create_unix_nano),
        update_time=to_timestamp(incident.update_unix_nano),
        acknowledge_time=to_timestamp(incident.acknowledge_unix_nano),
        resolve_time=to_timestamp(incident.resolve_unix_nano),
        etag=incident.etag,
        reopen_count=incident.reopen_count,
        reopen_time=to_timestamp(incident.reopen_unix_nano),
        auto_resolved=incident.auto_resolved,
        previous_incident=to_name(incident.previous_incident),
        merged_into=to_name(incident.merged_into),
    )
    if view == incident_pb2.INCIDENT_VIEW_FULL:
        message.anomalies.extend(to_anomaly(anomaly) for anomaly in incident.anomalies)
        if incident.diagnosis is not None:
            message.diagnosis.CopyFrom(to_diagnosis(incident.diagnosis))
    return message
