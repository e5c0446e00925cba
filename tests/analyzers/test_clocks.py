"""What comes at even intervals is missed sooner than what comes as often at random."""

from collections.abc import Iterable
from random import Random

import pytest

from analyzers.clocks import Clock

BUCKET = 5.0


def clock(times: Iterable[float], until: float) -> Clock:
    """Of events at these seconds, counted in buckets."""
    counts: dict[int, int] = {}
    for time in times:
        counts[int(time // BUCKET)] = counts.get(int(time // BUCKET), 0) + 1
    made = Clock()
    for number in range(int(until // BUCKET)):
        made.learn(counts.get(number, 0), BUCKET)
    return made


EVEN = clock((number * 12.0 for number in range(50)), 600)


def at_random(seed: int, events: int, interval: float) -> Clock:
    random = Random(seed)
    return clock((random.uniform(0, interval * events) for _ in range(events)), interval * events)


def test_what_comes_evenly_is_missed_after_a_few_intervals() -> None:
    assert EVEN.regular
    assert EVEN.interval == pytest.approx(12, rel=0.05)
    assert EVEN.overdue(11) == 0.0
    assert -6.0 < EVEN.overdue(20) < 0.0
    assert EVEN.overdue(48) < -6.0
    assert EVEN.overdue(120) < EVEN.overdue(48)


def test_the_fewer_intervals_are_known_the_less_surprising_it_is() -> None:
    times = [clock((number * 12.0 for number in range(runs)), runs * 12.0).overdue(60) for runs in (6, 12, 40, 200)]
    assert times[0] == 0.0
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("events", [8, 20, 60])
@pytest.mark.parametrize("interval", [6.0, 12.0, 40.0])
def test_what_comes_at_random_has_no_intervals(events: int, interval: float) -> None:
    assert len([seed for seed in range(1000) if at_random(seed, events, interval).regular]) <= 1


def test_of_what_comes_in_every_bucket_no_interval_can_be_told() -> None:
    assert not clock((number * 2.0 for number in range(300)), 600).regular


def test_a_job_that_was_over_when_it_was_learned_is_not_missed() -> None:
    assert not clock((number * 12.0 for number in range(50)), 700).regular


def test_forgetting_keeps_the_interval() -> None:
    faded = clock((number * 12.0 for number in range(50)), 600)
    faded.fade(0.5)
    assert faded.interval == pytest.approx(EVEN.interval)
    assert faded.regular
    assert EVEN.overdue(60) < faded.overdue(60) < 0.0
