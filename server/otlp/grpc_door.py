"""OTLP/gRPC: LogsService and TraceService on raw bytes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_status import rpc_status

from server.errors import InvalidInputError, UnavailableError
from server.intake import Intake, Outcome
from server.listening import bind_grpc
from server.otlp.answers import logs_answer, status_of, traces_answer
from server.security.grpc_guard import GrpcGuard
from server.security.guards import UNGUARDED, DoorGuard
from server.security.roles import role_for_otlp

_LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"
_TRACES = "opentelemetry.proto.collector.trace.v1.TraceService"
_WORKERS = 8
# Pings of an idle connection are no abuse: Collectors with keepalive send them every few seconds.
_OPTIONS = (
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
)


class OtlpGrpcDoor:
    """Knows who is next and nothing behind it. Undecodable bytes are INVALID_ARGUMENT, not grpcio's INTERNAL."""

    def __init__(self, intake: Intake, address: str, max_message_bytes: int, guard: DoorGuard = UNGUARDED) -> None:
        self._intake = intake
        self._address = address
        self._tls = guard.tls.grpc if guard.tls else None
        self._server = grpc.server(
            ThreadPoolExecutor(_WORKERS, thread_name_prefix="otlp-grpc"),
            interceptors=[GrpcGuard(guard.gatekeeper, role_for_otlp)] if guard.gatekeeper else [],
            options=[*_OPTIONS, ("grpc.max_receive_message_length", max_message_bytes)],
        )
        self._server.add_generic_rpc_handlers(
            (
                _service(_LOGS, self._logs),
                _service(_TRACES, self._traces),
            )
        )

    def start(self) -> str:
        """Listen; returns HOST:PORT as bound. Raises `AddressError`."""
        bound = bind_grpc(self._server, self._address, "otlp.grpc", self._tls)
        self._server.start()
        return bound

    def stop(self, grace: float) -> None:
        """No new requests; those under way have `grace` seconds."""
        self._server.stop(grace).wait()

    def _logs(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        return logs_answer(_guarded(self._intake.logs, body, context)).SerializeToString()

    def _traces(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        return traces_answer(_guarded(self._intake.traces, body, context)).SerializeToString()


def _service(name: str, export: Callable[[bytes, grpc.ServicerContext], bytes]) -> grpc.GenericRpcHandler:
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(export)
    return grpc.method_handlers_generic_handler(name, {"Export": handler})


def _guarded(take: Callable[[bytes], Outcome], body: bytes, context: grpc.ServicerContext) -> Outcome:
    try:
        return take(body)
    except (InvalidInputError, UnavailableError) as error:
        status = status_of(error)
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status raises")
