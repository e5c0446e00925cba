"""Asks every call of a gRPC port for its token."""

from __future__ import annotations  # grpc is generic in its stubs only

from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from server.security.gatekeeper import Gatekeeper, Refusal
from server.security.roles import Role

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class GrpcGuard(grpc.ServerInterceptor):
    """First in the row of interceptors. `needed` is the role for a method, None where no token is asked for."""

    def __init__(self, gatekeeper: Gatekeeper, needed: Callable[[str], Role | None]) -> None:
        self._gatekeeper = gatekeeper
        self._needed = needed

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[_Request, _Response] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[_Request, _Response] | None:
        needed = self._needed(handler_call_details.method)
        if needed is None:
            return continuation(handler_call_details)
        values = [str(value) for key, value in handler_call_details.invocation_metadata if key == "authorization"]
        refusal = self._gatekeeper.refusal(values, needed)
        return continuation(handler_call_details) if refusal is None else _refusing(refusal)


def _refusing(refusal: Refusal) -> grpc.RpcMethodHandler[_Request, _Response]:
    # As a stream whatever the method is: so no message is waited for, nor taken in.
    def refused(requests: Iterator[_Request], context: grpc.ServicerContext) -> Iterator[_Response]:
        context.abort_with_status(rpc_status.to_status(_status(refusal)))
        raise AssertionError("abort_with_status raises")

    return grpc.stream_stream_rpc_method_handler(refused)


def _status(refusal: Refusal) -> Status:
    code = grpc.StatusCode.PERMISSION_DENIED if refusal.known else grpc.StatusCode.UNAUTHENTICATED
    detail = Any()
    detail.Pack(ErrorInfo(reason=f"TOKEN_{refusal.reason.upper()}", domain="hypocenter"))
    return Status(code=code.value[0], message=refusal.message, details=[detail])
