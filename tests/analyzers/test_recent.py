"""The window, the stretch, and what waits to be learned."""

from analyzers.recent import Recent
from analyzers.summary import Summary
from tests.analyzers.telemetry import SECOND

STEP, WINDOW, STRETCH = 5 * SECOND, 3, 24
LONG, SHORT = 600 * SECOND, 200 * SECOND


def bucket(number: int) -> Summary:
    return Summary(number * STEP, (number + 1) * STEP)


def filled(buckets: int, learned: int = LONG) -> tuple[Recent, list[int]]:
    """With so many buckets added, and the numbers of those that were to be learned meanwhile."""
    recent, settled = Recent(WINDOW), []
    for number in range(buckets):
        recent.add(bucket(number))
        settled += [item.start_unix_nano // STEP for item in recent.settled(learned)]
    return recent, settled


def seconds(summary: Summary | None) -> tuple[int, int] | None:
    return None if summary is None else (summary.start_unix_nano // SECOND, summary.end_unix_nano // SECOND)


def test_the_window_is_of_the_newest() -> None:
    recent, _ = filled(10)
    assert seconds(recent.window()) == (35, 50)
    assert seconds(recent.lately()) == (20, 50)


def test_a_stretch_is_looked_at_once_for_each_window_when_half_of_it_is_there() -> None:
    recent, looked = Recent(WINDOW), []
    for number in range(2 * STRETCH):
        recent.add(bucket(number))
        if (stretch := recent.stretch()) is not None:
            looked.append(seconds(stretch))
    assert looked[:3] == [(0, 65), (0, 80), (0, 95)]
    assert looked[-1] == (110, 230)
    assert len(looked) == (2 * STRETCH - STRETCH // 2) // WINDOW


def test_in_a_short_history_buckets_are_learned_as_they_leave_the_window() -> None:
    recent, settled = filled(10, learned=SHORT)
    assert settled == list(range(8))
    assert [item.start_unix_nano // STEP for item in recent.waiting] == [8, 9]


def test_in_a_long_one_as_they_leave_the_stretch() -> None:
    recent, settled = filled(STRETCH + 4)
    assert settled == list(range(5))
    assert len(recent.waiting) == STRETCH - 1


def test_what_left_the_window_is_settled_when_somebody_says_so() -> None:
    recent, _ = filled(10)
    assert [item.start_unix_nano // STEP for item in recent.settled(0)] == list(range(8))
    assert seconds(recent.window()) == (35, 50)


def test_a_bucket_is_met_once_it_leaves_the_window() -> None:
    recent, met = Recent(WINDOW), []
    for number in range(6):
        recent.add(bucket(number))
        if (left := recent.left()) is not None:
            met.append(left.start_unix_nano // STEP)
    assert met == [0, 1, 2, 3]
    assert [(item.start_unix_nano // STEP, known) for item, known in recent.broken_off()] == [
        (number, number in met) for number in range(6)
    ]
    assert (recent.end_unix_nano, recent.waiting) == (0, ())


def test_it_goes_on_where_it_was() -> None:
    before, _ = filled(40)
    after = Recent(WINDOW)
    after.restore(list(before), list(before.waiting))
    for recent in (before, after):
        recent.add(bucket(40))
    assert [item.start_unix_nano for item in after.settled(LONG)] == [
        item.start_unix_nano for item in before.settled(LONG)
    ]
    assert after.window() == before.window()
    assert list(after) == list(before)
