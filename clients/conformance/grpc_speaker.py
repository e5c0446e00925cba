"""Raw bytes to a receiver over gRPC, and its answers as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from hypocenter.client.channel import bearer

from clients.cli.connection import Credentials
from clients.conformance.http2 import Http2Connection

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROFILES = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class GrpcAnswer:
    """`body` is set when `code` is OK, `status` when the refusal carries one."""

    code: grpc.StatusCode
    message: str = ""
    status: Status | None = None
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    @property
    def retry_info(self) -> bool:
        return self.status is not None and any(item.Is(RetryInfo.DESCRIPTOR) for item in self.status.details)

    @property
    def bad_request(self) -> bool:
        return self.status is not None and any(item.Is(BadRequest.DESCRIPTOR) for item in self.status.details)

    def __str__(self) -> str:
        return self.code.name if self.ok else f"{self.code.name} {self.message[:100]!r}"


class _Call(Protocol):
    """A call under way: grpc's own type has no public name."""

    def result(self) -> bytes: ...

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...


class GrpcSpeaker:
    """One connection. Close it at the end."""

    def __init__(self, address: str, credentials: Credentials = Credentials()) -> None:  # noqa: B008 - frozen
        self.address = address
        self._credentials = credentials
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        tls = credentials.tls
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=options)
        else:
            secret = grpc.ssl_channel_credentials(tls.root_certificates, tls.private_key, tls.certificate_chain)
            self._channel = grpc.secure_channel(address, secret, options=options)

    def export(self, method: str, body: bytes, compression: grpc.Compression | None = None) -> GrpcAnswer:
        return _answer(self._begin(method, body, compression))

    def export_all(self, method: str, bodies: Sequence[bytes]) -> list[GrpcAnswer]:
        """All at once; the answers in the order of the bodies."""
        return [_answer(call) for call in [self._begin(method, body, None) for body in bodies]]

    def by_hand(self) -> Http2Connection:
        """Another connection, for what no gRPC library lets its user do. Raises `NoAnswerError`."""
        return Http2Connection(self.address, self._credentials)

    def close(self) -> None:
        self._channel.close()

    def _begin(self, method: str, body: bytes, compression: grpc.Compression | None) -> _Call:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)
        metadata = bearer(self._credentials.token)
        return call.future(body, timeout=_SECONDS, compression=compression, metadata=metadata)


def _answer(call: _Call) -> GrpcAnswer:
    try:
        return GrpcAnswer(grpc.StatusCode.OK, body=call.result())
    except grpc.RpcError:
        try:
            status = rpc_status.from_call(call)
        except ValueError:
            # Its own code and that of the status in its trailers contradict each other.
            status = None
        return GrpcAnswer(call.code(), call.details() or "", status)
