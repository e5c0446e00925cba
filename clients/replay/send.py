"""Sending batches to an OTLP endpoint, as the OTLP specification wants a client to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import grpc
from hypocenter.client.errors import HypocenterError, from_rpc_error
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from clients.replay.batches import Batch, LogsBatch
from clients.replay.errors import SendError
from clients.replay.timeline import Clock, WallClock

_RETRYABLE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
# These mean the endpoint or the caller, never one batch: every further batch would be refused alike.
_HOPELESS = frozenset(
    {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `connect_within` is for the first answer, `retry_within` for each later batch, as a Collector has."""

    timeout: float = 10.0
    connect_within: float = 5.0
    retry_within: float = 120.0
    initial_backoff: float = 0.2
    max_backoff: float = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one batch: rows the endpoint did not take, and what it said."""

    rejected: int = 0
    message: str = ""
    retries: int = 0


class OtlpSender:
    """Sends one batch after another over a channel, which stays the caller's."""

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        metadata: tuple[tuple[str, str], ...] = (),
        patience: Patience | None = None,
        gzip: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._logs = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        self._traces = TraceServiceStub(channel)  # type: ignore[no-untyped-call]
        self._metadata = metadata
        self._patience = patience or Patience()
        self._compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        self._clock = clock or WallClock()
        self._answered = False

    def send(self, batch: Batch, on_retry: Callable[[str, float], None] = lambda message, wait: None) -> Outcome:
        """Send until answered. Raises SendError when nobody answers in time, or everything would be refused.

        `on_retry` is told what went wrong and the seconds before the next attempt. A refused batch is an outcome,
        not an error: as OTLP has it, it is not sent again and the next one is.
        """
        patience = self._patience
        retries = 0
        begun = self._clock.now()
        while True:
            try:
                return self._export(batch, retries)
            except grpc.RpcError as raised:
                error = from_rpc_error(raised)
            if error.code in _HOPELESS:
                raise SendError(_explain(error), unreachable=False) from error
            if not _is_retryable(error):
                self._answered = True
                return Outcome(rejected=batch.row_count, message=_explain(error), retries=retries)
            backoff = min(patience.max_backoff, patience.initial_backoff * 1.5 ** min(retries, 30))
            wait = max(backoff * random.uniform(0.75, 1.25), error.retry_delay or 0.0)
            allowed = patience.retry_within if self._answered else patience.connect_within
            # A throttling answer is an answer: somebody is there, and busy.
            if error.retry_delay is not None:
                allowed = patience.retry_within
            if self._clock.now() - begun + wait > allowed:
                raise SendError(_explain(error), unreachable=True) from error
            retries += 1
            on_retry(_explain(error), wait)
            self._clock.sleep(wait)

    def _export(self, batch: Batch, retries: int) -> Outcome:
        timeout = self._patience.timeout
        if isinstance(batch, LogsBatch):
            logs = self._logs.Export(
                batch.request, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
            partial, rejected = logs.partial_success, logs.partial_success.rejected_log_records
        else:
            traces = self._traces.Export(
                batch.request, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
            partial, rejected = traces.partial_success, traces.partial_success.rejected_spans
        self._answered = True
        return Outcome(rejected=rejected, message=partial.error_message, retries=retries)


def _is_retryable(error: HypocenterError) -> bool:
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return error.retry_delay is not None
    return error.code in _RETRYABLE


def _explain(error: HypocenterError) -> str:
    return f"{error.code.name}: {error.message}"
