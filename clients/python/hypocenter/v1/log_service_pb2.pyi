from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import anomaly_pb2 as _anomaly_pb2
from hypocenter.v1 import incident_pb2 as _incident_pb2
from hypocenter.v1 import log_pb2 as _log_pb2
from hypocenter.v1 import root_cause_pb2 as _root_cause_pb2
from opentelemetry.proto.logs.v1 import logs_pb2 as _logs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnalyzeLogsRequest(_message.Message):
    __slots__ = ("logs", "selector", "detectors", "request_id", "allow_language_model")
    LOGS_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    DETECTORS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_LANGUAGE_MODEL_FIELD_NUMBER: _ClassVar[int]
    logs: _logs_pb2.LogsData
    selector: LogSelector
    detectors: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    allow_language_model: bool
    def __init__(self, logs: _Optional[_Union[_logs_pb2.LogsData, _Mapping]] = ..., selector: _Optional[_Union[LogSelector, _Mapping]] = ..., detectors: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ..., allow_language_model: bool = ...) -> None: ...

class LogSelector(_message.Message):
    __slots__ = ("service_names", "start_time", "end_time")
    SERVICE_NAMES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    service_names: _containers.RepeatedScalarFieldContainer[str]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, service_names: _Optional[_Iterable[str]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnalyzeLogsResponse(_message.Message):
    __slots__ = ("anomalies", "templates", "analyzed_record_count", "assessment", "record_results")
    ANOMALIES_FIELD_NUMBER: _ClassVar[int]
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    ANALYZED_RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_RESULTS_FIELD_NUMBER: _ClassVar[int]
    anomalies: _containers.RepeatedCompositeFieldContainer[_anomaly_pb2.Anomaly]
    templates: _containers.RepeatedCompositeFieldContainer[_log_pb2.LogTemplate]
    analyzed_record_count: int
    assessment: Assessment
    record_results: _containers.RepeatedCompositeFieldContainer[RecordResult]
    def __init__(self, anomalies: _Optional[_Iterable[_Union[_anomaly_pb2.Anomaly, _Mapping]]] = ..., templates: _Optional[_Iterable[_Union[_log_pb2.LogTemplate, _Mapping]]] = ..., analyzed_record_count: _Optional[int] = ..., assessment: _Optional[_Union[Assessment, _Mapping]] = ..., record_results: _Optional[_Iterable[_Union[RecordResult, _Mapping]]] = ...) -> None: ...

class Assessment(_message.Message):
    __slots__ = ("is_anomaly", "severity", "anomaly_type", "root_cause", "affected_services", "remediation_steps", "confidence", "explanation", "evidence", "basis", "model", "input_token_count", "output_token_count")
    class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BASIS_UNSPECIFIED: _ClassVar[Assessment.Basis]
        BASIS_COLD: _ClassVar[Assessment.Basis]
        BASIS_BASELINE: _ClassVar[Assessment.Basis]
        BASIS_LANGUAGE_MODEL: _ClassVar[Assessment.Basis]
    BASIS_UNSPECIFIED: Assessment.Basis
    BASIS_COLD: Assessment.Basis
    BASIS_BASELINE: Assessment.Basis
    BASIS_LANGUAGE_MODEL: Assessment.Basis
    IS_ANOMALY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROOT_CAUSE_FIELD_NUMBER: _ClassVar[int]
    AFFECTED_SERVICES_FIELD_NUMBER: _ClassVar[int]
    REMEDIATION_STEPS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    is_anomaly: bool
    severity: _incident_pb2.Severity
    anomaly_type: str
    root_cause: str
    affected_services: _containers.RepeatedScalarFieldContainer[str]
    remediation_steps: _containers.RepeatedScalarFieldContainer[str]
    confidence: float
    explanation: str
    evidence: _containers.RepeatedCompositeFieldContainer[_root_cause_pb2.Evidence]
    basis: Assessment.Basis
    model: str
    input_token_count: int
    output_token_count: int
    def __init__(self, is_anomaly: bool = ..., severity: _Optional[_Union[_incident_pb2.Severity, str]] = ..., anomaly_type: _Optional[str] = ..., root_cause: _Optional[str] = ..., affected_services: _Optional[_Iterable[str]] = ..., remediation_steps: _Optional[_Iterable[str]] = ..., confidence: _Optional[float] = ..., explanation: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[_root_cause_pb2.Evidence, _Mapping]]] = ..., basis: _Optional[_Union[Assessment.Basis, str]] = ..., model: _Optional[str] = ..., input_token_count: _Optional[int] = ..., output_token_count: _Optional[int] = ...) -> None: ...

class RecordResult(_message.Message):
    __slots__ = ("is_anomaly", "severity", "template_id", "score", "anomaly_type")
    IS_ANOMALY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_TYPE_FIELD_NUMBER: _ClassVar[int]
    is_anomaly: bool
    severity: _incident_pb2.Severity
    template_id: str
    score: float
    anomaly_type: str
    def __init__(self, is_anomaly: bool = ..., severity: _Optional[_Union[_incident_pb2.Severity, str]] = ..., template_id: _Optional[str] = ..., score: _Optional[float] = ..., anomaly_type: _Optional[str] = ...) -> None: ...

class SearchLogsRequest(_message.Message):
    __slots__ = ("query", "filter", "page_size", "page_token")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    query: str
    filter: str
    page_size: int
    page_token: str
    def __init__(self, query: _Optional[str] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SearchLogsResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "incomplete_reason")
    class IncompleteReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INCOMPLETE_REASON_UNSPECIFIED: _ClassVar[SearchLogsResponse.IncompleteReason]
        INCOMPLETE_REASON_BYTES: _ClassVar[SearchLogsResponse.IncompleteReason]
        INCOMPLETE_REASON_TIME: _ClassVar[SearchLogsResponse.IncompleteReason]
        INCOMPLETE_REASON_BUSY: _ClassVar[SearchLogsResponse.IncompleteReason]
    INCOMPLETE_REASON_UNSPECIFIED: SearchLogsResponse.IncompleteReason
    INCOMPLETE_REASON_BYTES: SearchLogsResponse.IncompleteReason
    INCOMPLETE_REASON_TIME: SearchLogsResponse.IncompleteReason
    INCOMPLETE_REASON_BUSY: SearchLogsResponse.IncompleteReason
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INCOMPLETE_REASON_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_log_pb2.LogEntry]
    next_page_token: str
    incomplete_reason: SearchLogsResponse.IncompleteReason
    def __init__(self, entries: _Optional[_Iterable[_Union[_log_pb2.LogEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., incomplete_reason: _Optional[_Union[SearchLogsResponse.IncompleteReason, str]] = ...) -> None: ...

class ListLogTemplatesRequest(_message.Message):
    __slots__ = ("service_name", "page_size", "page_token")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    page_size: int
    page_token: str
    def __init__(self, service_name: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLogTemplatesResponse(_message.Message):
    __slots__ = ("templates", "next_page_token")
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    templates: _containers.RepeatedCompositeFieldContainer[_log_pb2.LogTemplate]
    next_page_token: str
    def __init__(self, templates: _Optional[_Iterable[_Union[_log_pb2.LogTemplate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
