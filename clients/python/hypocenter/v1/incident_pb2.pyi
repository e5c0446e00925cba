from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import anomaly_pb2 as _anomaly_pb2
from hypocenter.v1 import root_cause_pb2 as _root_cause_pb2
from hypocenter.v1 import service_pb2 as _service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class IncidentView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCIDENT_VIEW_UNSPECIFIED: _ClassVar[IncidentView]
    INCIDENT_VIEW_BASIC: _ClassVar[IncidentView]
    INCIDENT_VIEW_FULL: _ClassVar[IncidentView]
SEVERITY_UNSPECIFIED: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
SEVERITY_CRITICAL: Severity
INCIDENT_VIEW_UNSPECIFIED: IncidentView
INCIDENT_VIEW_BASIC: IncidentView
INCIDENT_VIEW_FULL: IncidentView

class Incident(_message.Message):
    __slots__ = ("name", "title", "state", "severity", "service_names", "anomalies", "diagnosis", "labels", "resolution", "start_time", "end_time", "create_time", "update_time", "resolve_time", "etag", "services", "acknowledge_time", "reopen_count", "auto_resolved", "previous_incident", "merged_into", "reopen_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Incident.State]
        STATE_OPEN: _ClassVar[Incident.State]
        STATE_ACKNOWLEDGED: _ClassVar[Incident.State]
        STATE_RESOLVED: _ClassVar[Incident.State]
    STATE_UNSPECIFIED: Incident.State
    STATE_OPEN: Incident.State
    STATE_ACKNOWLEDGED: Incident.State
    STATE_RESOLVED: Incident.State
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAMES_FIELD_NUMBER: _ClassVar[int]
    ANOMALIES_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSIS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGE_TIME_FIELD_NUMBER: _ClassVar[int]
    REOPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTO_RESOLVED_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_INCIDENT_FIELD_NUMBER: _ClassVar[int]
    MERGED_INTO_FIELD_NUMBER: _ClassVar[int]
    REOPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    state: Incident.State
    severity: Severity
    service_names: _containers.RepeatedScalarFieldContainer[str]
    anomalies: _containers.RepeatedCompositeFieldContainer[_anomaly_pb2.Anomaly]
    diagnosis: _root_cause_pb2.Diagnosis
    labels: _containers.ScalarMap[str, str]
    resolution: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    resolve_time: _timestamp_pb2.Timestamp
    etag: str
    services: _containers.RepeatedCompositeFieldContainer[_service_pb2.Service]
    acknowledge_time: _timestamp_pb2.Timestamp
    reopen_count: int
    auto_resolved: bool
    previous_incident: str
    merged_into: str
    reopen_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., state: _Optional[_Union[Incident.State, str]] = ..., severity: _Optional[_Union[Severity, str]] = ..., service_names: _Optional[_Iterable[str]] = ..., anomalies: _Optional[_Iterable[_Union[_anomaly_pb2.Anomaly, _Mapping]]] = ..., diagnosis: _Optional[_Union[_root_cause_pb2.Diagnosis, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., resolution: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., resolve_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., services: _Optional[_Iterable[_Union[_service_pb2.Service, _Mapping]]] = ..., acknowledge_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., reopen_count: _Optional[int] = ..., auto_resolved: bool = ..., previous_incident: _Optional[str] = ..., merged_into: _Optional[str] = ..., reopen_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
