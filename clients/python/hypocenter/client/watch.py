"""A stream of incident changes that outlives its connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

import grpc
from hypocenter.client.errors import HypocenterError, Unavailable, from_rpc_error
from hypocenter.client.retry import RetryPolicy, is_retryable
from hypocenter.v1 import incident_service_pb2


class Stream(Protocol):
    """A running server stream."""

    def __iter__(self) -> Iterator[incident_service_pb2.WatchIncidentsResponse]: ...
    def cancel(self) -> object: ...


OpenStream = Callable[[incident_service_pb2.WatchIncidentsRequest], Stream]


def watch(
    open_stream: OpenStream,
    request: incident_service_pb2.WatchIncidentsRequest,
    policy: RetryPolicy,
    reconnect_within: float,
) -> Generator[incident_service_pb2.WatchIncidentsResponse]:
    """Yield messages, opening the stream again after the last resume token whenever it is cut or ends.

    Before the first message `policy` bounds the attempts, so that a wrong address fails soon; afterwards the stream
    is tried again for `reconnect_within` seconds of silence. Closing the iterator cancels the call.
    """
    resume_token = request.resume_token
    failures = 0
    give_up_at: float | None = None
    while True:
        stream = open_stream(
            incident_service_pb2.WatchIncidentsRequest(
                filter=request.filter, view=request.view, resume_token=resume_token
            )
        )
        error: HypocenterError
        try:
            for message in stream:
                failures = 0
                give_up_at = time.monotonic() + reconnect_within
                # A message without a token changes nothing about where to continue.
                resume_token = message.resume_token or resume_token
                yield message
                give_up_at = time.monotonic() + reconnect_within
            error = Unavailable(grpc.StatusCode.UNAVAILABLE, "the server ended the watch")
        except grpc.RpcError as raised:
            error = from_rpc_error(raised)
            error.__cause__ = raised
        finally:
            stream.cancel()
        failures += 1
        wait = policy.wait(failures, error)
        if give_up_at is None:
            exhausted = failures >= policy.max_attempts
        else:
            exhausted = time.monotonic() + wait >= give_up_at
        if exhausted or not is_retryable(error):
            raise error
        time.sleep(wait)
