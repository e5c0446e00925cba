from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hypocenter.v1 import service_pb2 as _service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServiceGraph(_message.Message):
    __slots__ = ("nodes", "edges", "start_time", "end_time")
    NODES_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[ServiceNode]
    edges: _containers.RepeatedCompositeFieldContainer[ServiceEdge]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, nodes: _Optional[_Iterable[_Union[ServiceNode, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[ServiceEdge, _Mapping]]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ServiceNode(_message.Message):
    __slots__ = ("service_name", "span_count", "error_count", "service", "kind", "log_count")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[ServiceNode.Kind]
        KIND_INSTRUMENTED: _ClassVar[ServiceNode.Kind]
        KIND_INFERRED: _ClassVar[ServiceNode.Kind]
    KIND_UNSPECIFIED: ServiceNode.Kind
    KIND_INSTRUMENTED: ServiceNode.Kind
    KIND_INFERRED: ServiceNode.Kind
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    SPAN_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LOG_COUNT_FIELD_NUMBER: _ClassVar[int]
    service_name: str
    span_count: int
    error_count: int
    service: _service_pb2.Service
    kind: ServiceNode.Kind
    log_count: int
    def __init__(self, service_name: _Optional[str] = ..., span_count: _Optional[int] = ..., error_count: _Optional[int] = ..., service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., kind: _Optional[_Union[ServiceNode.Kind, str]] = ..., log_count: _Optional[int] = ...) -> None: ...

class ServiceEdge(_message.Message):
    __slots__ = ("client", "server", "request_count", "failed_request_count", "p50_duration", "p95_duration", "client_service", "server_service", "basis", "confidence", "asynchronous")
    class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BASIS_UNSPECIFIED: _ClassVar[ServiceEdge.Basis]
        BASIS_SPANS: _ClassVar[ServiceEdge.Basis]
        BASIS_PEER_ATTRIBUTE: _ClassVar[ServiceEdge.Basis]
    BASIS_UNSPECIFIED: ServiceEdge.Basis
    BASIS_SPANS: ServiceEdge.Basis
    BASIS_PEER_ATTRIBUTE: ServiceEdge.Basis
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    P50_DURATION_FIELD_NUMBER: _ClassVar[int]
    P95_DURATION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SERVICE_FIELD_NUMBER: _ClassVar[int]
    SERVER_SERVICE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ASYNCHRONOUS_FIELD_NUMBER: _ClassVar[int]
    client: str
    server: str
    request_count: int
    failed_request_count: int
    p50_duration: _duration_pb2.Duration
    p95_duration: _duration_pb2.Duration
    client_service: _service_pb2.Service
    server_service: _service_pb2.Service
    basis: ServiceEdge.Basis
    confidence: float
    asynchronous: bool
    def __init__(self, client: _Optional[str] = ..., server: _Optional[str] = ..., request_count: _Optional[int] = ..., failed_request_count: _Optional[int] = ..., p50_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., p95_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., client_service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., server_service: _Optional[_Union[_service_pb2.Service, _Mapping]] = ..., basis: _Optional[_Union[ServiceEdge.Basis, str]] = ..., confidence: _Optional[float] = ..., asynchronous: bool = ...) -> None: ...
