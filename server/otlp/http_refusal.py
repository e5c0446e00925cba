"""A request over HTTP that is not granted: a code, a google.rpc.Status in the caller's encoding, and headers."""

import math
from collections.abc import Mapping

from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from starlette.requests import Request
from starlette.responses import Response

from server.errors import InvalidInputError, UnavailableError
from server.otlp.answers import status_of
from server.otlp.content_coding import CODINGS
from server.otlp.encoding import Encoding, encode, encoding_of
from server.otlp.refusal_reason import RefusalReason
from server.security.gatekeeper import Refusal


class HttpRefusal(Exception):  # noqa: N818 - an answer that is raised
    """Senders retry 429, 502, 503 and 504 and drop the batch on all others."""

    def __init__(
        self, code: int, status: Status, reason: RefusalReason, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status.message)
        self.reason = reason
        self.code = code
        self.status = status
        self.headers = dict(headers or {})

    def response(self, request: Request) -> Response:
        # Who sends neither encoding is most likely a person with a terminal, or a browser.
        encoding = encoding_of(request.headers.get("content-type", "")) or Encoding.JSON
        return Response(encode(self.status, encoding), self.code, self.headers, media_type=encoding)


def invalid(error: InvalidInputError) -> HttpRefusal:
    return HttpRefusal(400, status_of(error), RefusalReason.INVALID)


def overloaded(error: UnavailableError, reason: RefusalReason = RefusalReason.OVERLOADED) -> HttpRefusal:
    retry_after = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    return HttpRefusal(503, status_of(error), reason, retry_after)


def unread(error: UnavailableError) -> HttpRefusal:
    """Not 408, the code for it: senders would drop the batch."""
    return overloaded(error, RefusalReason.UNREAD)


def too_large(message: str) -> HttpRefusal:
    status = Status(code=Code.RESOURCE_EXHAUSTED, message=message)
    return HttpRefusal(413, status, RefusalReason.TOO_LARGE)


def unknown_content(content_type: str) -> HttpRefusal:
    given = f"not {content_type[:100]!r}" if content_type else "and there is none"
    message = f"Content-Type must be {' or '.join(Encoding)}, {given}"
    return HttpRefusal(415, Status(code=Code.INVALID_ARGUMENT, message=message), RefusalReason.UNKNOWN_CONTENT)


def unknown_coding(coding: str) -> HttpRefusal:
    message = f"Content-Encoding {coding[:100]!r} is not understood; send {CODINGS} or none"
    status = Status(code=Code.INVALID_ARGUMENT, message=message)
    return HttpRefusal(415, status, RefusalReason.UNKNOWN_CODING, {"Accept-Encoding": CODINGS})


def unknown_path(path: str) -> HttpRefusal:
    message = f"nothing is served at {path[:100]!r}; POST to /v1/logs or /v1/traces"
    return HttpRefusal(404, Status(code=Code.UNIMPLEMENTED, message=message), RefusalReason.UNKNOWN_PATH)


def wrong_method(method: str, headers: Mapping[str, str] | None) -> HttpRefusal:
    status = Status(code=Code.UNIMPLEMENTED, message=f"POST, not {method}")
    return HttpRefusal(405, status, RefusalReason.WRONG_METHOD, headers)


def unwelcome(refusal: Refusal) -> HttpRefusal:
    if refusal.known:
        status = Status(code=Code.PERMISSION_DENIED, message=refusal.message)
        return HttpRefusal(403, status, RefusalReason.CREDENTIALS)
    status = Status(code=Code.UNAUTHENTICATED, message=refusal.message)
    return HttpRefusal(401, status, RefusalReason.CREDENTIALS, {"WWW-Authenticate": "Bearer"})


def broken() -> HttpRefusal:
    """A fault of ours; what it was stands in the log and nowhere else."""
    status = Status(code=Code.INTERNAL, message="internal error; see the server's log")
    return HttpRefusal(500, status, RefusalReason.INTERNAL)
