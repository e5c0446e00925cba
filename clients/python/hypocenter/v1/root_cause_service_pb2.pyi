from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import root_cause_pb2 as _root_cause_pb2
from hypocenter.v1 import service_graph_pb2 as _service_graph_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnalyzeRootCauseRequest(_message.Message):
    __slots__ = ("incident", "symptom")
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    SYMPTOM_FIELD_NUMBER: _ClassVar[int]
    incident: str
    symptom: Symptom
    def __init__(self, incident: _Optional[str] = ..., symptom: _Optional[_Union[Symptom, _Mapping]] = ...) -> None: ...

class Symptom(_message.Message):
    __slots__ = ("service_name", "start_time", "end_time")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, service_name: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnalyzeRootCauseResponse(_message.Message):
    __slots__ = ("diagnosis",)
    DIAGNOSIS_FIELD_NUMBER: _ClassVar[int]
    diagnosis: _root_cause_pb2.Diagnosis
    def __init__(self, diagnosis: _Optional[_Union[_root_cause_pb2.Diagnosis, _Mapping]] = ...) -> None: ...

class GetServiceGraphRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "service_name", "depth")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    service_name: str
    depth: int
    def __init__(self, start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., service_name: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class GetServiceGraphResponse(_message.Message):
    __slots__ = ("service_graph",)
    SERVICE_GRAPH_FIELD_NUMBER: _ClassVar[int]
    service_graph: _service_graph_pb2.ServiceGraph
    def __init__(self, service_graph: _Optional[_Union[_service_graph_pb2.ServiceGraph, _Mapping]] = ...) -> None: ...

class AnswerQuestionRequest(_message.Message):
    __slots__ = ("question", "incident")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    question: str
    incident: str
    def __init__(self, question: _Optional[str] = ..., incident: _Optional[str] = ...) -> None: ...

class AnswerQuestionResponse(_message.Message):
    __slots__ = ("text", "citation")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CITATION_FIELD_NUMBER: _ClassVar[int]
    text: str
    citation: Citation
    def __init__(self, text: _Optional[str] = ..., citation: _Optional[_Union[Citation, _Mapping]] = ...) -> None: ...

class Citation(_message.Message):
    __slots__ = ("incident", "template_id", "trace_id")
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    incident: str
    template_id: str
    trace_id: str
    def __init__(self, incident: _Optional[str] = ..., template_id: _Optional[str] = ..., trace_id: _Optional[str] = ...) -> None: ...
