"""Sessions and attempts: bounded, and over in time."""

from dataclasses import dataclass

import pytest

from server.security.attempts import Attempts
from server.security.sessions import Sessions


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_session_ends(clock: Clock) -> None:
    sessions = Sessions(lifetime=10, clock=clock)
    first, second = sessions.open(b"a"), sessions.open(b"a")
    assert first != second
    found = sessions.find(first)
    assert found is not None
    assert found.token_digest == b"a"
    sessions.close(first)
    assert sessions.find(first) is None
    assert sessions.find("") is None
    clock.now += 10
    assert sessions.find(second) is None
    assert len(sessions) == 0


def test_the_oldest_makes_room(clock: Clock) -> None:
    sessions = Sessions(most=3, clock=clock)
    ids = [sessions.open(b"a") for _ in range(5)]
    assert [sessions.find(item) is not None for item in ids] == [False, False, True, True, True]
    assert len(sessions) == 3


def test_no_id_is_kept(clock: Clock) -> None:
    sessions = Sessions(clock=clock)
    assert sessions.open(b"a") not in repr(vars(sessions))


def test_five_failures_and_then_a_wait(clock: Clock) -> None:
    attempts = Attempts(clock)
    for _ in range(5):
        assert attempts.wait("a") == 0
        attempts.fail("a")
    assert attempts.wait("a") == pytest.approx(12)
    assert attempts.wait("b") == 0
    clock.now += 12
    assert attempts.wait("a") == 0
    attempts.fail("a")
    assert attempts.wait("a") == pytest.approx(12)
    clock.now += 3600
    assert attempts.wait("a") == 0


def test_many_addresses_are_one_attacker_and_use_no_memory(clock: Clock) -> None:
    attempts = Attempts(clock)
    for number in range(60):
        assert attempts.wait(f"{number}") == 0
        attempts.fail(f"{number}")
    assert attempts.wait("new") > 0
    for number in range(5000):
        attempts.fail(f"{number}")
    assert len(attempts._each) == 1000
