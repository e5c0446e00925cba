"""Values nested deeper than protobuf reads are cut, so that one of them does not cost a sender the whole request.

protobuf gives up beyond 100 messages within messages, which are 48 arrays or 32 maps in a body. OpenTelemetry's SDKs
may send 64 of either (AttributeValueDepthLimit), and a sender drops what is refused as undecodable.
"""

from functools import cache

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1 import common_pb2

# Arrays and maps within each other that stay; far more than of a body is shown.
KEPT_DEPTH = 16
_PACKAGE = ".opentelemetry.proto.common.v1."
# Which field of which message leads one level deeper, and which stays on its level.
_DEEPER = {"ArrayValue": "AnyValue", "KeyValueList": "KeyValue"}
_NESTING = {"AnyValue": ("ArrayValue", "KeyValueList"), "KeyValue": ("AnyValue",)}


def cut_deep_values(body: bytes, request: type[Message]) -> bytes | None:
    """The request with arrays and maps deeper than `KEPT_DEPTH` emptied; None when that does not make it readable."""
    try:
        message = _shallow(request.DESCRIPTOR.full_name).FromString(body)
    except DecodeError:
        return None
    # What lies too deep was not read but kept as unknown.
    message.DiscardUnknownFields()
    return message.SerializeToString()


@cache
def _shallow(request: str) -> type[Message]:
    """The message of that name, but its values know nesting to `KEPT_DEPTH` only: every level has its own types."""
    pool = DescriptorPool()
    _add(pool, Default().FindFileContainingSymbol(request).name)
    return GetMessageClass(pool.FindMessageTypeByName(request))


def _add(pool: DescriptorPool, name: str) -> None:
    file = Default().FindFileByName(name)
    for needed in file.dependencies:
        _add(pool, needed.name)
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    if name == common_pb2.DESCRIPTOR.name:
        _unroll(proto)
    pool.Add(proto)


def _unroll(common: FileDescriptorProto) -> None:
    nesting = [message for message in common.message_type if message.name in {*_DEEPER, *_NESTING}]
    for level in range(1, KEPT_DEPTH + 1):
        for message in nesting:
            if level == KEPT_DEPTH and message.name in _DEEPER:
                continue
            copy = common.message_type.add()
            copy.CopyFrom(message)
            copy.name += str(level)
            _lead(copy, message.name, level)
    for message in nesting:
        _lead(message, message.name, 0)


def _lead(message: DescriptorProto, name: str, level: int) -> None:
    """Let the fields of `message`, which is on that level, name the types of theirs."""
    for field in reversed(list(message.field)):
        kind = field.type_name.removeprefix(_PACKAGE)
        if kind in _NESTING.get(name, ()) and kind in _DEEPER and level == KEPT_DEPTH:
            message.field.remove(field)
        elif kind in _NESTING.get(name, ()):
            field.type_name = f"{_PACKAGE}{kind}{level or ''}"
        elif _DEEPER.get(name) == kind:
            field.type_name = f"{_PACKAGE}{kind}{level + 1}"
