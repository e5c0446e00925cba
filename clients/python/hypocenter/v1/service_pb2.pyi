from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Service(_message.Message):
    __slots__ = ("deployment_environment_name", "service_namespace", "service_name")
    DEPLOYMENT_ENVIRONMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    deployment_environment_name: str
    service_namespace: str
    service_name: str
    def __init__(self, deployment_environment_name: _Optional[str] = ..., service_namespace: _Optional[str] = ..., service_name: _Optional[str] = ...) -> None: ...
