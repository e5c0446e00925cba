"""What a caller is told when a call fails: the one place where errors become status codes.

RequestError (server.errors)
├── InvalidInputError        INVALID_ARGUMENT with field violations
├── NotFoundError            NOT_FOUND
├── ConflictError            ABORTED
├── UnavailableError         UNAVAILABLE with the time to come back
├── WrongStateError          FAILED_PRECONDITION   the incident's state forbids it
├── StaleTokenError          OUT_OF_RANGE          start from the beginning
├── OverloadError            RESOURCE_EXHAUSTED    with a time to come back when that helps
└── OverdueError             DEADLINE_EXCEEDED     the caller's deadline has passed
StoreError (rca.store)       UNAVAILABLE           the message stays here, in the log
anything else                INTERNAL              likewise, found by the error_id both have
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from rca.store.base import StoreError
from server.api.messages.timestamps import to_duration
from server.errors import (
    ConflictError,
    FieldViolation,
    InvalidInputError,
    NotFoundError,
    RequestError,
    UnavailableError,
)

DOMAIN = "hypocenter"
_STORE_RETRY_SECONDS = 1.0
_LOGGER = logging.getLogger(__name__)


class WrongStateError(RequestError):
    """The state of the incident forbids the call; another call has to come first."""


class StaleTokenError(RequestError):
    """A token that can't be continued from any more."""


class OverdueError(RequestError):
    """Nobody waits for the answer any longer."""


class OverloadError(RequestError):
    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """`retry_after` in seconds; None when trying again does not help."""
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Failure:
    """A status and what is attached to it. `reason` is stable and meant for programs."""

    code: grpc.StatusCode
    reason: str
    message: str
    violations: Sequence[FieldViolation] = ()
    retry_after: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def abort(self, context: grpc.ServicerContext) -> NoReturn:
        context.abort_with_status(rpc_status.to_status(self._status()))
        raise AssertionError("abort raises")

    def _status(self) -> status_pb2.Status:
        details: list[Message] = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        ]
        if self.violations:
            violation = error_details_pb2.BadRequest.FieldViolation
            details.append(
                error_details_pb2.BadRequest(
                    field_violations=[
                        violation(field=item.field, description=item.description) for item in self.violations
                    ]
                )
            )
        if self.retry_after is not None:
            delay = to_duration(self.retry_after * 1e9)
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        packed = []
        for detail in details:
            packed.append(Any())
            packed[-1].Pack(detail)
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=packed)


def failure_of(error: Exception, method: str) -> Failure:
    """The failure that `error`, raised by `method`, means to the caller. Logs what is ours."""
    match error:
        case InvalidInputError():
            code = grpc.StatusCode.INVALID_ARGUMENT
            return Failure(code, "INVALID_ARGUMENT", str(error), violations=error.violations)
        case NotFoundError():
            return Failure(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", str(error))
        case ConflictError():
            return Failure(grpc.StatusCode.ABORTED, "CONFLICT", str(error))
        case UnavailableError():
            code = grpc.StatusCode.UNAVAILABLE
            return Failure(code, "UNAVAILABLE", str(error), retry_after=error.retry_after)
        case WrongStateError():
            return Failure(grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE", str(error))
        case StaleTokenError():
            return Failure(grpc.StatusCode.OUT_OF_RANGE, "STALE_TOKEN", str(error))
        case OverloadError():
            code = grpc.StatusCode.RESOURCE_EXHAUSTED
            return Failure(code, "OVERLOAD", str(error), retry_after=error.retry_after)
        case OverdueError():
            return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", str(error))
        case _:
            return _own(error, method)


def _own(error: Exception, method: str) -> Failure:
    error_id = secrets.token_hex(8)
    _LOGGER.error("%s failed, error_id %s", method, error_id, exc_info=error)
    metadata = {"error_id": error_id}
    if isinstance(error, StoreError):
        message = f"the incident store failed; the server's log says why under error_id {error_id}"
        code = grpc.StatusCode.UNAVAILABLE
        return Failure(code, "STORE_FAILED", message, retry_after=_STORE_RETRY_SECONDS, metadata=metadata)
    message = f"internal error; the server's log has the reason under error_id {error_id}"
    return Failure(grpc.StatusCode.INTERNAL, "INTERNAL", message, metadata=metadata)
