"""Calls of an OTLP/gRPC door with bytes as they are, and what is made of their refusals."""

from typing import cast

import grpc
import pytest
from google.protobuf.message import Message
from grpc_status import rpc_status


def send(channel: grpc.Channel, method: str, body: bytes, compression: grpc.Compression | None = None) -> bytes:
    """Bytes as they are."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    return call(body, timeout=10, compression=compression)


def refusal(channel: grpc.Channel, method: str, body: bytes, compression: grpc.Compression | None = None) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as raised:
        send(channel, method, body, compression)
    # What a blocking call raises is its call too.
    return cast(grpc.Call, raised.value)


def attempt(channel: grpc.Channel, method: str, body: bytes) -> grpc.Call | None:
    """None when it was taken, else the refusal."""
    try:
        send(channel, method, body)
    except grpc.RpcError as error:
        return cast(grpc.Call, error)
    return None


def detail(call: grpc.Call, kind: type[Message]) -> Message:
    status = rpc_status.from_call(call)
    assert status is not None
    found = kind()
    assert [item.Unpack(found) for item in status.details] == [True]
    return found
