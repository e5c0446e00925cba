from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import log_pb2 as _log_pb2
from hypocenter.v1 import service_pb2 as _service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Anomaly(_message.Message):
    __slots__ = ("anomaly_id", "service_name", "detector", "start_time", "end_time", "score", "description", "observed", "expected", "samples", "trace_ids", "service", "subject", "unit", "surprise", "template_id", "peer_service", "pod_name")
    ANOMALY_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TRACE_IDS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    SURPRISE_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    PEER_SERVICE_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    anomaly_id: str
    service_name: str
    detector: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    score: float
    description: str
    observed: float
    expected: float
    samples: _containers.RepeatedCompositeFieldContainer[_log_pb2.LogEntry]
    trace_ids: _containers.RepeatedScalarFieldContainer[str]
    service: _service_pb2.Service
    subject: str
    unit: str
    surprise: float
    template_id: str
    peer_service: _service_pb2.Service
    pod_name: str
    def __init__(self, anomaly_id: _Optional[str] = ..., service_name: _Optional[str] = ..., detector: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., score: _Optional[float] = ..., description: _Optional[str] = ..., observed: _Optional[float] = ..., expected: _Optional[float] = ..., samples: _Optional[_Iterable[_Union[_log_pb2.LogEntry, _Mapping]]] = ..., trace_ids: _Optional[_Iterable[str]] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., subject: _Optional[str] = ..., unit: _Optional[str] = ..., surprise: _Optional[float] = ..., template_id: _Optional[str] = ..., peer_service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., pod_name: _Optional[str] = ...) -> None: ...
