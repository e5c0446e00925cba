"""Gives every call of the API's port a seat once its message is there, whatever service it is of."""

from __future__ import annotations  # grpc is generic in its stubs only

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeVar, cast

import grpc
from google.protobuf.message import DecodeError

from server.seats import Seats

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Push = Callable[[object], None]


class Seated(grpc.ServerInterceptor):
    """Handlers get the message they always got. Behind it a method that takes one message is served as if it took a
    stream, which on the wire is the same: else grpcio waits for the message itself, and for ever."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[_Request, _Response] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[_Request, _Response] | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        parse, write = handler.request_deserializer, handler.response_serializer
        if handler.unary_unary is not None:
            return grpc.stream_unary_rpc_method_handler(
                self._unary(handler.unary_unary, parse), response_serializer=write
            )
        if handler.unary_stream is not None:
            pushes = getattr(handler.unary_stream, "experimental_non_blocking", False)
            wrap = self._pushing if pushes else self._stream
            return grpc.stream_stream_rpc_method_handler(wrap(handler.unary_stream, parse), response_serializer=write)
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(self._dialogue(handler.stream_stream), parse, write)
        return handler

    def _unary(
        self,
        behaviour: Callable[[_Request, grpc.ServicerContext], _Response],
        parse: Callable[[bytes], _Request] | None,
    ) -> Callable[[Iterator[bytes], grpc.ServicerContext], _Response]:
        def seated(messages: Iterator[bytes], context: grpc.ServicerContext) -> _Response:
            message = self._message(messages, context)
            try:
                return behaviour(_parsed(message, parse, context), context)
            finally:
                self._seats.leave()

        return seated

    def _stream(
        self,
        behaviour: Callable[[_Request, grpc.ServicerContext], Iterator[_Response]],
        parse: Callable[[bytes], _Request] | None,
    ) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[_Response]]:
        def seated(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[_Response]:
            message = self._message(messages, context)
            try:
                yield from behaviour(_parsed(message, parse, context), context)
            finally:
                self._seats.leave()

        return seated

    def _pushing(
        self,
        behaviour: Callable[..., object],
        parse: Callable[[bytes], _Request] | None,
    ) -> Callable[..., object]:
        # For those who push their answers when they like and keep no thread; grpcio knows them by an attribute.
        @wraps(behaviour)
        def seated(messages: Iterator[bytes], context: grpc.ServicerContext, push: _Push) -> object:
            message = self._message(messages, context)
            try:
                return behaviour(_parsed(message, parse, context), context, push)
            finally:
                self._seats.leave()

        return seated

    def _dialogue(
        self, behaviour: Callable[[Iterator[_Request], grpc.ServicerContext], Iterator[_Response]]
    ) -> Callable[[Iterator[_Request], grpc.ServicerContext], Iterator[_Response]]:
        def one_by_one(messages: Iterator[_Request], context: grpc.ServicerContext) -> Iterator[_Request]:
            while True:
                try:
                    message = self._seats.message(messages, context)
                except StopIteration:
                    return
                try:
                    yield message
                finally:
                    self._seats.leave()

        def seated(messages: Iterator[_Request], context: grpc.ServicerContext) -> Iterator[_Response]:
            return behaviour(one_by_one(messages, context), context)

        return seated

    def _message(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            return self._seats.message(messages, context)
        except StopIteration:
            # Or gRPC ended the call and has not said so yet: it then has told the caller why.
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "this method takes exactly one message")
        raise AssertionError("abort raises")


def _parsed(message: bytes, parse: Callable[[bytes], _Request] | None, context: grpc.ServicerContext) -> _Request:
    if parse is None:
        # Whoever is behind takes it as it is.
        return cast(_Request, message)
    try:
        return parse(message)
    except DecodeError:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is not a valid protobuf message of this method")
    raise AssertionError("abort raises")
