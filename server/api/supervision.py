"""Where every call of the API ends that does not end well."""

from __future__ import annotations  # grpc is generic in its stubs only

from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError

from server.api.errors import failure_of
from server.errors import FieldViolation, InvalidInputError

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class Supervision(grpc.ServerInterceptor):
    """Turns what the methods under `prefix` raise into a status, and requests that do not decode into
    INVALID_ARGUMENT (grpcio says INTERNAL).

    The one supervision point of the API: nothing else there catches what it does not know.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[_Request, _Response] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[_Request, _Response] | None:
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(self._prefix) or handler.request_deserializer is None:
            return handler
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _supervise_unary(handler.unary_unary, handler.request_deserializer, method),
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                _supervise_stream(handler.unary_stream, handler.request_deserializer, method),
                response_serializer=handler.response_serializer,
            )
        return handler


def _supervise_unary(
    behaviour: Callable[[_Request, grpc.ServicerContext], _Response], parse: Callable[[bytes], _Request], method: str
) -> Callable[[bytes, grpc.ServicerContext], _Response]:
    def supervised(body: bytes, context: grpc.ServicerContext) -> _Response:
        try:
            return behaviour(_parsed(body, parse), context)
        except Exception as error:  # noqa: BLE001 - supervision
            failure = failure_of(error, method)
        return failure.abort(context)

    return supervised


def _supervise_stream(
    behaviour: Callable[[_Request, grpc.ServicerContext], Iterator[_Response]],
    parse: Callable[[bytes], _Request],
    method: str,
) -> Callable[[bytes, grpc.ServicerContext], Iterator[_Response]]:
    def supervised(body: bytes, context: grpc.ServicerContext) -> Iterator[_Response]:
        try:
            yield from behaviour(_parsed(body, parse), context)
            return
        except Exception as error:  # noqa: BLE001 - supervision
            failure = failure_of(error, method)
        failure.abort(context)

    return supervised


def _parsed(body: bytes, parse: Callable[[bytes], _Request]) -> _Request:
    try:
        return parse(body)
    except DecodeError:
        violation = FieldViolation("", "the request is not a valid protobuf message of this method")
        raise InvalidInputError(violation) from None
