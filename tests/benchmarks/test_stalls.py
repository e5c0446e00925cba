"""Who kept requests waiting is found from outside."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.stalls import Sample, ThreadWatch, Used, stalls, told
from tests.benchmarks.wire import Driven


def test_waits_that_overlap_are_one_stall() -> None:
    latencies = [0.001] * 20 + [0.050, 0.030, 0.010]
    answered = [n * 0.01 for n in range(20)] + [1.050, 1.051, 2.010]
    found = stalls(Driven(3.0, latencies, 0, answered))
    assert [each.requests for each in found] == [2, 1]
    assert [each.end - each.start for each in found] == pytest.approx([0.051, 0.010])


def test_the_thread_that_ran_meanwhile_is_named() -> None:
    samples = [
        Sample(0.0, {7: Used("worker", 0.0, 0.0), 8: Used("other", 0.0, 0.0)}),
        Sample(1.0, {7: Used("worker", 0.1, 0.0), 8: Used("other", 0.0, 0.0)}),
        Sample(1.1, {7: Used("worker", 0.19, 0.005), 8: Used("other", 0.001, 0.0)}),
        Sample(2.0, {7: Used("worker", 0.19, 0.005), 8: Used("other", 0.9, 0.0)}),
    ]
    lines = list(told(Driven(2.0, [0.001, 0.001, 0.09], 0, [0.1, 0.2, 1.1]), samples))
    assert "others 0" in lines[0]
    assert lines[1].startswith("at 1.01 s 1 requests waited up to 90 ms: of 100 ms worker/7 ran 90, other/8 ran 1")
    assert lines[1].endswith("waited for a core 5")


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux's /proc with schedstat")
def test_a_busy_process_is_seen_running() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with ThreadWatch(busy.pid) as watch:
            time.sleep(0.5)
    finally:
        busy.kill()
        busy.wait()
    first, last = watch.samples[0], watch.samples[-1]
    assert last.at - first.at > 0.3
    assert last.threads[busy.pid].running > first.threads[busy.pid].running
