from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import service_pb2 as _service_pb2
from opentelemetry.proto.logs.v1 import logs_pb2 as _logs_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LogTemplate(_message.Message):
    __slots__ = ("template_id", "text", "count", "first_seen_time", "last_seen_time", "service", "max_severity_number")
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    MAX_SEVERITY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    template_id: str
    text: str
    count: int
    first_seen_time: _timestamp_pb2.Timestamp
    last_seen_time: _timestamp_pb2.Timestamp
    service: _service_pb2.Service
    max_severity_number: int
    def __init__(self, template_id: _Optional[str] = ..., text: _Optional[str] = ..., count: _Optional[int] = ..., first_seen_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., last_seen_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., max_severity_number: _Optional[int] = ...) -> None: ...

class LogEntry(_message.Message):
    __slots__ = ("service_name", "record", "template_id", "service", "pod_name", "scope_name")
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_NAME_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    record: _logs_pb2.LogRecord
    template_id: str
    service: _service_pb2.Service
    pod_name: str
    scope_name: str
    def __init__(self, service_name: _Optional[str] = ..., record: _Optional[_Union[_logs_pb2.LogRecord, _Mapping]] = ..., template_id: _Optional[str] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., pod_name: _Optional[str] = ..., scope_name: _Optional[str] = ...) -> None: ...
