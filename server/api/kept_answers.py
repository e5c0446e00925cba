"""Answers that a repeated call gets again."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from hypocenter.v1 import log_service_pb2

from server.api.errors import OverdueError
from server.api.limits import ApiLimits
from server.errors import FieldViolation, InvalidInputError

_ID_BYTES = 128
# How long a waiting call goes without looking whether its caller is still there, in seconds.
_PULSE = 0.5


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: bytes
    answer: bytes
    until: float


@dataclass(slots=True)
class _Running:
    digest: bytes
    done: threading.Event = field(default_factory=threading.Event)
    answer: bytes | None = None


class KeptAnswers:
    """Answers of AnalyzeLogs by request id, bounded in number, bytes and time; the oldest go first.

    Calls with the id of a call under way wait for its answer. When it fails, one of them runs instead: failures are not
    kept.
    """

    def __init__(self, limits: ApiLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        # Oldest first: every answer is kept equally long.
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._running: dict[str, _Running] = {}

    def answer(
        self,
        request: log_service_pb2.AnalyzeLogsRequest,
        context: grpc.ServicerContext,
        make: Callable[[], log_service_pb2.AnalyzeLogsResponse],
    ) -> log_service_pb2.AnalyzeLogsResponse:
        """The answer kept for the request's id, or a new one; without an id always a new one.

        Raises `InvalidInputError` for an id that is too long or was used with another body, `OverdueError` when the
        caller's deadline passes while waiting, and what `make` raises.
        """
        request_id = request.request_id
        if len(request_id.encode()) > _ID_BYTES:
            raise InvalidInputError(FieldViolation("request_id", f"must have at most {_ID_BYTES} bytes"))
        if not request_id:
            return make()
        digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        while True:
            with self._lock:
                known = self._find(request_id)
                if known is None:
                    mine = self._running[request_id] = _Running(digest)
                    break
            if known.digest != digest:
                description = "was used with another body; give every request an id of its own"
                raise InvalidInputError(FieldViolation("request_id", description))
            if isinstance(known, _Running):
                _wait(known, context)
            if known.answer is not None:
                return log_service_pb2.AnalyzeLogsResponse.FromString(known.answer)
        try:
            answer = make()
            mine.answer = answer.SerializeToString()
            return answer
        finally:
            with self._lock:
                del self._running[request_id]
                if mine.answer is not None:
                    self._keep(request_id, _Kept(digest, mine.answer, self._clock() + self._limits.kept_answer_seconds))
            mine.done.set()

    def _find(self, request_id: str) -> _Kept | _Running | None:
        now = self._clock()
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._drop_oldest()
        return self._kept.get(request_id) or self._running.get(request_id)

    def _keep(self, request_id: str, kept: _Kept) -> None:
        if len(kept.answer) > self._limits.kept_answer_bytes:
            return
        self._kept[request_id] = kept
        self._bytes += len(kept.answer)
        while len(self._kept) > self._limits.kept_answers or self._bytes > self._limits.kept_answer_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, kept = self._kept.popitem(last=False)
        self._bytes -= len(kept.answer)


def _wait(running: _Running, context: grpc.ServicerContext) -> None:
    while not running.done.wait(min(_PULSE, max(0.0, context.time_remaining()))):
        check_deadline(context)


def check_deadline(context: grpc.ServicerContext) -> None:
    """Raises `OverdueError` when nobody waits for the answer any more."""
    if not context.is_active() or context.time_remaining() <= 0:
        raise OverdueError("the deadline passed before there was an answer")
