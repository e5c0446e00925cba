"""Hypocenter's Python client: `Client`, and the errors it raises."""

from hypocenter.client.channel import Tls
from hypocenter.client.client import Client
from hypocenter.client.errors import (
    Cancelled,
    Conflict,
    DeadlineExceeded,
    FieldViolation,
    HypocenterError,
    InternalError,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    RequestError,
    ResourceExhausted,
    ServiceError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from hypocenter.client.retry import RetryPolicy
from hypocenter.client.search import LogSearch

__all__ = [
    "Cancelled",
    "Client",
    "Conflict",
    "DeadlineExceeded",
    "FieldViolation",
    "HypocenterError",
    "InternalError",
    "InvalidArgument",
    "LogSearch",
    "NotFound",
    "OutOfRange",
    "PermissionDenied",
    "RequestError",
    "ResourceExhausted",
    "RetryPolicy",
    "ServiceError",
    "Tls",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
]
