"""When a call is made again, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
from hypocenter.client.errors import HypocenterError, ResourceExhausted, Unavailable, from_rpc_error

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently an idempotent call is repeated. `RetryPolicy(max_attempts=1)` never repeats.

    The wait doubles from `initial_backoff` to `max_backoff` (seconds), shortened at random by up to a half so that
    many clients do not come back together. A wait the server asked for (RetryInfo) is never undercut.
    """

    max_attempts: int = 5
    initial_backoff: float = 0.1
    max_backoff: float = 5.0

    def __post_init__(self) -> None:
        if self.max_attempts < 1 or self.initial_backoff < 0 or self.max_backoff < self.initial_backoff:
            raise ValueError(f"not a retry policy: {self}: need max_attempts >= 1 and 0 <= initial <= max backoff")

    def wait(self, failures: int, error: HypocenterError) -> float:
        """Seconds to wait after the given number of failures in a row, the last of which was `error`."""
        backoff = min(self.max_backoff, self.initial_backoff * 2.0 ** min(failures - 1, 30))
        return max(backoff * random.uniform(0.5, 1.0), error.retry_delay or 0.0)


ONCE = RetryPolicy(max_attempts=1)


def is_retryable(error: HypocenterError) -> bool:
    """UNAVAILABLE always, RESOURCE_EXHAUSTED only when the server says when to come back (as OTLP has it)."""
    return isinstance(error, Unavailable) or (isinstance(error, ResourceExhausted) and error.retry_delay is not None)


def call(attempt: Callable[[float], Answer], policy: RetryPolicy, timeout: float) -> Answer:
    """Run `attempt(seconds left)` until it answers; raises the last HypocenterError when it does not.

    `timeout` covers all attempts and the waits between them; a wait that would outlast it is not begun.
    """
    deadline = time.monotonic() + timeout
    failures = 0
    while True:
        try:
            return attempt(max(deadline - time.monotonic(), 0.001))
        except grpc.RpcError as raised:
            error = from_rpc_error(raised)
            failures += 1
            wait = policy.wait(failures, error)
            if not is_retryable(error) or failures >= policy.max_attempts or time.monotonic() + wait >= deadline:
                raise error from raised
        time.sleep(wait)
