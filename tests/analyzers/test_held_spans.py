"""Spans of open buckets, as those see them who only look."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from analyzers.assembly import TraceAssembler
from tests.analyzers.telemetry import MILLI, NOON, resource, span, span_batch, span_groups


def test_what_is_held_can_be_counted_while_more_comes() -> None:
    """Whoever scrapes is in another thread."""
    assembler, found = (
        TraceAssembler(),
        span_batch(*span_groups([span("work", NOON, NOON + MILLI)], resource("checkout"))),
    )
    over = threading.Event()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            most = pool.submit(lambda: max((assembler.held for _ in iter(over.is_set, True)), default=0))
            for start in range(4000):
                assembler.hold(found, np.full(1, start, dtype=np.int64))
            over.set()
            assert most.result() <= 4000
    finally:
        sys.setswitchinterval(interval)
    assert assembler.held == 4000
