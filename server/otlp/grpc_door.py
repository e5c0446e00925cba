"""OTLP/gRPC: LogsService and TraceService on raw bytes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.message import Message
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from server.errors import InvalidInputError, UnavailableError
from server.intake import Intake, Outcome
from server.listening import bind_grpc
from server.otlp.answers import logs_answer, status_of, traces_answer
from server.otlp.content_coding import Compressed, TooLargeError
from server.otlp.grpc_message import unpacked
from server.otlp.refusal_reason import CountRefusal, RefusalReason, count_nothing
from server.seats import Seats
from server.security.grpc_guard import GrpcGuard
from server.security.guards import UNGUARDED, DoorGuard
from server.security.roles import role_for_otlp

_LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"
_TRACES = "opentelemetry.proto.collector.trace.v1.TraceService"
# Calls worked on at a time, and those of them and of others whose messages are waited for.
_SEATS, _THREADS = 8, 64
_DOOR = "otlp.grpc"
# Pings of an idle connection are no abuse: Collectors with keepalive send them every few seconds.
_OPTIONS = (
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
    # Messages come as they were sent: the journal takes them so, and grpcio inflates at less than half our speed.
    ("grpc.per_message_decompression", 0),
)
_Take = Callable[[bytes, Compressed | None], Outcome]


class OtlpGrpcDoor:
    """Knows who is next and nothing behind it. Undecodable bytes are INVALID_ARGUMENT, not grpcio's INTERNAL."""

    def __init__(
        self,
        intake: Intake,
        address: str,
        max_message_bytes: int,
        guard: DoorGuard = UNGUARDED,
        count: CountRefusal = count_nothing,
        message_wait: float = 30.0,
    ) -> None:
        """`max_message_bytes` holds for a message as it came and decompressed; `count` gets every refusal, and a call
        is ended when its message has not come within `message_wait` seconds."""
        self._intake = intake
        self._address = address
        self._limit = max_message_bytes
        self._count = count
        self._tls = guard.tls.grpc if guard.tls else None
        self._seats = Seats(_SEATS, message_wait)
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="otlp-grpc"),
            interceptors=[GrpcGuard(guard.gatekeeper, role_for_otlp)] if guard.gatekeeper else [],
            # What is a little too large is taken in to be refused by us, and counted by its reason.
            options=[*_OPTIONS, ("grpc.max_receive_message_length", max_message_bytes + max_message_bytes // 4)],
        )
        self._server.add_generic_rpc_handlers(
            (
                _service(_LOGS, self._logs),
                _service(_TRACES, self._traces),
            )
        )

    def start(self) -> str:
        """Listen; returns HOST:PORT as bound. Raises `AddressError`."""
        bound = bind_grpc(self._server, self._address, _DOOR, self._tls)
        self._seats.start()
        self._server.start()
        return bound

    def stop(self, grace: float) -> None:
        """No new requests; those under way have `grace` seconds."""
        self._server.stop(grace).wait()
        self._seats.stop()

    def _logs(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        outcome = self._taken(self._intake.logs, ExportLogsServiceRequest, messages, context)
        return logs_answer(outcome).SerializeToString()

    def _traces(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        outcome = self._taken(self._intake.traces, ExportTraceServiceRequest, messages, context)
        return traces_answer(outcome).SerializeToString()

    def _taken(
        self, take: _Take, request: type[Message], messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Outcome:
        body = self._message(messages, context)
        try:
            return take(*unpacked(body, request, self._limit))
        except TooLargeError as error:
            self._count(_DOOR, RefusalReason.TOO_LARGE)
            # Without a RetryInfo, which would make it "later".
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        except InvalidInputError as error:
            self._count(_DOOR, RefusalReason.INVALID)
            context.abort_with_status(rpc_status.to_status(status_of(error)))
        except UnavailableError as error:
            self._count(_DOOR, RefusalReason.OVERLOADED)
            context.abort_with_status(rpc_status.to_status(status_of(error)))
        finally:
            self._seats.leave()
        raise AssertionError("abort raises")

    def _message(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """With a seat, which is to be left."""
        try:
            return self._seats.message(messages, context)
        except grpc.RpcError:
            self._count(_DOOR, RefusalReason.UNREAD)
            raise
        except StopIteration:
            # There was none, or gRPC ended the call and has not said so yet: it then has told the sender why.
            self._count(_DOOR, RefusalReason.UNREAD)
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "Export takes exactly one message")
        raise AssertionError("abort raises")


def _service(name: str, export: Callable[[Iterator[bytes], grpc.ServicerContext], bytes]) -> grpc.GenericRpcHandler:
    # As if it took a stream, which on the wire is the same: else nobody hears of calls whose message gRPC refuses.
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(export)
    return grpc.method_handlers_generic_handler(name, {"Export": handler})
