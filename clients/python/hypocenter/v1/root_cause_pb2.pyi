from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import service_pb2 as _service_pb2
from hypocenter.v1 import service_graph_pb2 as _service_graph_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Diagnosis(_message.Message):
    __slots__ = ("root_causes", "summary", "similar_incidents", "diagnose_time", "remediation_steps", "ruled_out", "inconclusive_reason", "service_graph", "model")
    ROOT_CAUSES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SIMILAR_INCIDENTS_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    REMEDIATION_STEPS_FIELD_NUMBER: _ClassVar[int]
    RULED_OUT_FIELD_NUMBER: _ClassVar[int]
    INCONCLUSIVE_REASON_FIELD_NUMBER: _ClassVar[int]
    SERVICE_GRAPH_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    root_causes: _containers.RepeatedCompositeFieldContainer[RootCause]
    summary: str
    similar_incidents: _containers.RepeatedCompositeFieldContainer[SimilarIncident]
    diagnose_time: _timestamp_pb2.Timestamp
    remediation_steps: _containers.RepeatedScalarFieldContainer[str]
    ruled_out: _containers.RepeatedCompositeFieldContainer[RuledOut]
    inconclusive_reason: str
    service_graph: _service_graph_pb2.ServiceGraph
    model: str
    def __init__(self, root_causes: _Optional[_Iterable[_Union[RootCause, _Mapping]]] = ..., summary: _Optional[str] = ..., similar_incidents: _Optional[_Iterable[_Union[SimilarIncident, _Mapping]]] = ..., diagnose_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., remediation_steps: _Optional[_Iterable[str]] = ..., ruled_out: _Optional[_Iterable[_Union[RuledOut, _Mapping]]] = ..., inconclusive_reason: _Optional[str] = ..., service_graph: _Optional[_Union[_service_graph_pb2.ServiceGraph, _Mapping]] = ..., model: _Optional[str] = ...) -> None: ...

class SimilarIncident(_message.Message):
    __slots__ = ("incident", "score", "shared", "different", "resolution", "title", "start_time", "root_cause_service_name")
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENT_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    ROOT_CAUSE_SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    incident: str
    score: float
    shared: _containers.RepeatedScalarFieldContainer[str]
    different: _containers.RepeatedScalarFieldContainer[str]
    resolution: str
    title: str
    start_time: _timestamp_pb2.Timestamp
    root_cause_service_name: str
    def __init__(self, incident: _Optional[str] = ..., score: _Optional[float] = ..., shared: _Optional[_Iterable[str]] = ..., different: _Optional[_Iterable[str]] = ..., resolution: _Optional[str] = ..., title: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., root_cause_service_name: _Optional[str] = ...) -> None: ...

class RuledOut(_message.Message):
    __slots__ = ("service_name", "reason", "service")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    reason: str
    service: _service_pb2.Service
    def __init__(self, service_name: _Optional[str] = ..., reason: _Optional[str] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ...) -> None: ...

class RootCause(_message.Message):
    __slots__ = ("service_name", "score", "hypothesis", "propagation_path", "evidence", "service", "pod_name", "operation", "onset_time", "confidence")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESIS_FIELD_NUMBER: _ClassVar[int]
    PROPAGATION_PATH_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    ONSET_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    score: float
    hypothesis: str
    propagation_path: _containers.RepeatedScalarFieldContainer[str]
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    service: _service_pb2.Service
    pod_name: str
    operation: str
    onset_time: _timestamp_pb2.Timestamp
    confidence: float
    def __init__(self, service_name: _Optional[str] = ..., score: _Optional[float] = ..., hypothesis: _Optional[str] = ..., propagation_path: _Optional[_Iterable[str]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., pod_name: _Optional[str] = ..., operation: _Optional[str] = ..., onset_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., confidence: _Optional[float] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("signal", "contribution", "description", "anomaly_ids", "trace_ids", "template_id")
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_IDS_FIELD_NUMBER: _ClassVar[int]
    TRACE_IDS_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    signal: str
    contribution: float
    description: str
    anomaly_ids: _containers.RepeatedScalarFieldContainer[str]
    trace_ids: _containers.RepeatedScalarFieldContainer[str]
    template_id: str
    def __init__(self, signal: _Optional[str] = ..., contribution: _Optional[float] = ..., description: _Optional[str] = ..., anomaly_ids: _Optional[_Iterable[str]] = ..., trace_ids: _Optional[_Iterable[str]] = ..., template_id: _Optional[str] = ...) -> None: ...
