"""A signal at any moment, in a process of its own: its main thread is the one that is asked to end."""

import subprocess
import sys

import pytest

_PROGRAM = """
import os, signal, threading
from server.stop_signal import StopSignal

stopping, turn = StopSignal(), threading.Semaphore(0)

def ask():
    for number in range({times}):
        turn.acquire()
        for _ in range(number % 60):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=ask, daemon=True).start()
for _ in range({times}):
    turn.release()
    stopping.wait()
print("ended")
"""


@pytest.mark.timeout(90)
def test_it_is_heard_at_any_moment() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(times=20_000)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "ended\n"), ended.stderr


def test_one_that_came_before_is_not_missed() -> None:
    program = "import os, signal; from server.stop_signal import StopSignal; stopping = StopSignal(); "
    program += "os.kill(os.getpid(), signal.SIGINT); stopping.wait(); print('ended')"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (0, "ended\n"), ended.stderr
