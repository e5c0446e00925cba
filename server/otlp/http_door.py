"""OTLP/HTTP: POST /v1/logs and /v1/traces, protobuf and JSON on one port."""

from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server.errors import InvalidInputError, UnavailableError
from server.http_server import HttpServer
from server.intake import Intake, Outcome
from server.otlp.answers import logs_answer, traces_answer
from server.otlp.content_coding import Coding, Compressed, TooLargeError, UnknownCodingError, coding_of, inflate
from server.otlp.encoding import Encoding, encode, encoding_of, to_protobuf
from server.otlp.http_body import Bodies
from server.otlp.http_refusal import (
    HttpRefusal,
    broken,
    invalid,
    overloaded,
    too_large,
    unknown_coding,
    unknown_content,
    unknown_path,
    unwelcome,
    wrong_method,
)
from server.otlp.refusal_reason import CountRefusal, RefusalReason, count_nothing
from server.security.gatekeeper import Refusal
from server.security.guards import UNGUARDED, DoorGuard
from server.security.http_guard import HttpGuard
from server.security.roles import Role

_DOOR = "otlp.http"
# Threads that inflate and parse. Inflating lets the others run; JSON is read by Python itself, so one at a time.
_WORKERS = 4
_JSON_WORKERS = 1
# Seconds; more than the 90 after which a Collector's idle connections go, so that it is the one that closes them.
_KEEP_ALIVE = 120
# What the log of a proxy calls "client closed request"; nobody is there to read it.
_GONE = 499


@dataclass(frozen=True, slots=True)
class _Signal:
    request: type[Message]
    take: Callable[[bytes, Compressed | None], Outcome]
    answer: Callable[[Outcome], Message]


class OtlpHttpDoor:
    """Knows who is next and nothing behind it. Pages of other sites may not send here: no CORS header is ever set."""

    def __init__(
        self,
        intake: Intake,
        address: str,
        max_message_bytes: int,
        guard: DoorGuard = UNGUARDED,
        count: CountRefusal = count_nothing,
        message_wait: float = 30.0,
    ) -> None:
        """`max_message_bytes` holds for a body as it came and decompressed; `count` gets every refusal, and a head and
        a body are waited for `message_wait` seconds each."""
        self._limit = max_message_bytes
        self._count = count
        self._bodies = Bodies(max_message_bytes, message_wait)
        self._limiters: dict[Encoding, CapacityLimiter] = {}
        self._signals = {
            "/v1/logs": _Signal(ExportLogsServiceRequest, intake.logs, logs_answer),
            "/v1/traces": _Signal(ExportTraceServiceRequest, intake.traces, traces_answer),
        }
        app = Starlette(
            routes=[Route(path, self._export, methods=["POST"]) for path in self._signals],
            exception_handlers={
                HttpRefusal: self._refused,
                HTTPException: self._not_served,
                ClientDisconnect: self._gone,
                Exception: self._failed,
            },
        )
        app.router.redirect_slashes = False
        guarded = HttpGuard(app, guard.gatekeeper, Role.INGEST, _unwelcome) if guard.gatekeeper else app
        tls = guard.tls.context if guard.tls else None
        self._server = HttpServer(
            guarded,
            address,
            _DOOR,
            keep_alive=_KEEP_ALIVE,
            head_wait=message_wait,
            unread=lambda: count(_DOOR, RefusalReason.UNREAD),
            tls=tls,
        )

    def start(self) -> str:
        """Listen; returns HOST:PORT as bound. Raises `AddressError`."""
        return self._server.start()

    def stop(self, grace: float) -> None:
        """No new requests; those under way have `grace` seconds."""
        self._server.stop(grace)

    async def _export(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        encoding = encoding_of(content_type)
        if encoding is None:
            raise unknown_content(content_type)
        header = ",".join(request.headers.getlist("content-encoding"))
        try:
            coding = coding_of(header)
        except UnknownCodingError as error:
            raise unknown_coding(header) from error
        signal = self._signals[_path(request)]
        async with self._bodies.body(request) as body:
            answer = await to_thread.run_sync(
                self._taken, signal, encoding, coding, body, limiter=self._limiter(encoding)
            )
        return Response(answer, media_type=encoding)

    def _taken(self, signal: _Signal, encoding: Encoding, coding: Coding, body: bytes) -> bytes:
        """In a thread, since all of it takes its time. Raises `HttpRefusal`."""
        try:
            plain = inflate(body, coding, self._limit)
            # What was JSON is kept as what it became.
            as_sent = coding is not Coding.PLAIN and encoding is Encoding.PROTOBUF
            compressed = Compressed(body, coding) if as_sent else None
            outcome = signal.take(to_protobuf(plain, encoding, signal.request), compressed)
        except TooLargeError as error:
            raise too_large(str(error)) from error
        except InvalidInputError as error:
            raise invalid(error) from error
        except UnavailableError as error:
            raise overloaded(error) from error
        return encode(signal.answer(outcome), encoding)

    def _limiter(self, encoding: Encoding) -> CapacityLimiter:
        # Made in the event loop, where they belong.
        if encoding not in self._limiters:
            self._limiters[encoding] = CapacityLimiter(_JSON_WORKERS if encoding is Encoding.JSON else _WORKERS)
        return self._limiters[encoding]

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HttpRefusal)
        self._count(_DOOR, error.reason)
        return error.response(request)

    async def _not_served(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return await self._refused(request, wrong_method(request.method, error.headers))
        return await self._refused(request, unknown_path(_path(request)))

    async def _gone(self, request: Request, error: Exception) -> Response:
        self._count(_DOOR, RefusalReason.GONE)
        return Response(status_code=_GONE)

    async def _failed(self, request: Request, error: Exception) -> Response:
        """The server logs the error."""
        return await self._refused(request, broken())


def _path(request: Request) -> str:
    # Not `request.url`: that is made with the Host header, which anybody may fill with nonsense.
    path: str = request.scope["path"]
    return path


def _unwelcome(request: Request, refusal: Refusal) -> Response:
    answer = unwelcome(refusal)
    if "expect" in request.headers:
        # It waits to be asked for its body, which nobody will do.
        answer.headers["Connection"] = "close"
    return answer.response(request)
