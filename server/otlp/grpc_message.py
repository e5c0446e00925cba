"""A message of gRPC as bytes. What it is compressed with gRPC tells nobody, so that is told from how it begins."""

from google.protobuf.message import DecodeError, Message

from server.errors import InvalidInputError
from server.otlp.content_coding import Coding, Compressed, TooLargeError, inflate, sniff, too_large
from server.record_limit import holds_more


def unpacked(body: bytes, request: type[Message], limit: int) -> tuple[bytes, Compressed | None]:
    """The plain bytes, and the message as it came if it was compressed. `limit` holds for both.

    Raises `TooLargeError`, and `InvalidInputError` for what is broken.
    """
    if len(body) > limit:
        raise TooLargeError(too_large(limit))
    coding = sniff(body)
    if coding is Coding.PLAIN:
        return body, None
    try:
        return inflate(body, coding, limit), Compressed(body, coding)
    except InvalidInputError:
        if coding is Coding.DEFLATE and _is_request(body, request):
            return body, None
        raise


def _is_request(body: bytes, request: type[Message]) -> bool:
    """Whether it is one with records in it, which nothing broken is by chance. Its first field is one of later days
    then, number 15: the zlib format begins with the same byte."""
    try:
        request.FromString(body)
    except DecodeError:
        return False
    return holds_more(body, 0)
