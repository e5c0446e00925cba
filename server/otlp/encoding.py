"""The two encodings of OTLP/HTTP, told by the Content-Type; both come through one port."""

from enum import StrEnum

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from server.otlp import otlp_json


class Encoding(StrEnum):
    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


def encoding_of(content_type: str) -> Encoding | None:
    """By the media type alone; parameters such as a charset change nothing."""
    media_type = content_type.partition(";")[0].strip().lower()
    return next((encoding for encoding in Encoding if encoding == media_type), None)


def to_protobuf(body: bytes, encoding: Encoding, request: type[Message]) -> bytes:
    """The request as protobuf bytes, which is what lies behind the doors. Raises `InvalidInputError`.

    Protobuf goes through as it is: it is looked at once, where it is taken in.
    """
    if encoding is Encoding.PROTOBUF:
        return body
    message = request()
    otlp_json.parse(body, message)
    return message.SerializeToString(deterministic=True)


def encode(message: Message, encoding: Encoding) -> bytes:
    if encoding is Encoding.PROTOBUF:
        return message.SerializeToString()
    return MessageToJson(message, indent=None).encode()
