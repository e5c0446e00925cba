"""What can go wrong when calling Hypocenter.

HypocenterError
├── RequestError              the request has to change; sending it again will not help
│   ├── InvalidArgument         a field is wrong: see field_violations
│   │   └── OutOfRange            a page or resume token that is too old: start from the beginning
│   ├── NotFound                there is no such thing
│   ├── Conflict                somebody was faster (etag), it exists already, or its state forbids it
│   ├── Unauthenticated         the token is missing or wrong
│   └── PermissionDenied        the token is right and does not suffice
└── ServiceError              the request may be right; the service or the way to it is not
    ├── Unavailable             nothing answers, or the server asks to come back later
    ├── ResourceExhausted       a limit was reached: too large, too slow a reader, or too much at once
    ├── DeadlineExceeded        no answer within the timeout
    ├── Cancelled               the call was given up, here or there
    ├── Unimplemented           the server does not know this method: it is older, or not Hypocenter
    └── InternalError           the server failed; its log has the reason
"""
# ruff: noqa: N818 - the leaves carry the names of gRPC's status codes, as users know them

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS_KEY = "grpc-status-details-bin"
_NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of the request and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """What the server attached to its answer; empty where it attached nothing."""

    reason: str = ""
    domain: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    field_violations: tuple[FieldViolation, ...] = ()
    # Seconds; None when the server did not say when to come back.
    retry_delay: float | None = None


class HypocenterError(Exception):
    """A call failed. `code` is the gRPC status; `reason` and `metadata` come from the server's ErrorInfo."""

    def __init__(self, code: grpc.StatusCode, message: str, details: ErrorDetails | None = None) -> None:
        details = details or ErrorDetails()
        self.code = code
        self.message = message
        self.reason = details.reason
        self.domain = details.domain
        self.metadata = details.metadata
        self.field_violations = details.field_violations
        self.retry_delay = details.retry_delay
        super().__init__(code, message, details)

    def __str__(self) -> str:
        lines = [f"{self.code.name}: {self.message}" if self.message else self.code.name]
        lines += [f"  {violation.field}: {violation.description}" for violation in self.field_violations]
        return "\n".join(lines)


class RequestError(HypocenterError):
    """The request has to change."""


class InvalidArgument(RequestError):
    """A field of the request is wrong."""


class OutOfRange(InvalidArgument):
    """A token is too old to continue from."""


class NotFound(RequestError):
    """There is no such thing."""


class Conflict(RequestError):
    """The resource changed meanwhile, exists already, or is in a state that forbids the call."""


class Unauthenticated(RequestError):
    """The token is missing or wrong."""


class PermissionDenied(RequestError):
    """The token does not suffice."""


class ServiceError(HypocenterError):
    """The service, or the way to it, failed."""


class Unavailable(ServiceError):
    """Nothing answers, or the server asks to come back later."""


class ResourceExhausted(ServiceError):
    """A limit was reached; `retry_delay` is set when it is worth trying again."""


class DeadlineExceeded(ServiceError):
    """No answer came within the timeout."""


class Cancelled(ServiceError):
    """The call was given up."""


class Unimplemented(ServiceError):
    """The server does not know this method."""


class InternalError(ServiceError):
    """The server failed."""


_BY_CODE: Mapping[grpc.StatusCode, type[HypocenterError]] = MappingProxyType(
    {
        grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
        grpc.StatusCode.OUT_OF_RANGE: OutOfRange,
        grpc.StatusCode.NOT_FOUND: NotFound,
        grpc.StatusCode.ABORTED: Conflict,
        grpc.StatusCode.ALREADY_EXISTS: Conflict,
        grpc.StatusCode.FAILED_PRECONDITION: Conflict,
        grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
        grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
        grpc.StatusCode.UNAVAILABLE: Unavailable,
        grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
        grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
        grpc.StatusCode.CANCELLED: Cancelled,
        grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
    }
)


def from_rpc_error(error: grpc.RpcError) -> HypocenterError:
    """The error of the tree for what grpcio raised. `error` must come from a call, as all of grpcio's do."""
    code = error.code()
    return _BY_CODE.get(code, InternalError)(code, error.details() or "", read_details(error))


def read_details(error: grpc.RpcError) -> ErrorDetails:
    """What the server attached to the status of a failed call. Details that do not parse count as absent."""
    for entry in error.trailing_metadata() or ():
        if entry.key == _DETAILS_KEY and isinstance(entry.value, bytes):
            try:
                return _unpack(status_pb2.Status.FromString(entry.value))
            except DecodeError:
                break
    return ErrorDetails()


def _unpack(status: status_pb2.Status) -> ErrorDetails:
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_delay: float | None = None
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(request)
        if detail.Unpack(retry):
            retry_delay = retry.retry_delay.ToTimedelta().total_seconds()
    return ErrorDetails(
        reason=info.reason,
        domain=info.domain,
        metadata=MappingProxyType(dict(info.metadata)),
        field_violations=tuple(FieldViolation(v.field, v.description) for v in request.field_violations),
        retry_delay=retry_delay,
    )
