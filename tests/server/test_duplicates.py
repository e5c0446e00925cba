"""Batches seen lately: once within the horizon, bounded, restored."""

from hypothesis import given
from hypothesis import strategies as st

from server.duplicates import SeenBatches


def test_the_same_within_the_horizon_is_a_duplicate_and_later_is_not() -> None:
    seen = SeenBatches(horizon=100)
    assert not seen.seen(b"a", 1000)
    assert seen.seen(b"a", 1100)
    assert not seen.seen(b"a", 1101)
    assert seen.seen(b"a", 1150)


def test_memory_is_bounded_and_the_oldest_go() -> None:
    seen = SeenBatches(horizon=10**9, limit=100)
    for number in range(1000):
        assert not seen.seen(str(number).encode(), number)
    assert len(seen) == 100
    assert seen.seen(b"999", 1000)
    assert not seen.seen(b"0", 1000)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 20)), max_size=30))
def test_going_on_from_a_checkpoint_decides_the_same(batches: list[tuple[bytes, int]]) -> None:
    now, whole, first = 0, SeenBatches(horizon=30), SeenBatches(horizon=30)
    for digest, step in batches:
        now += step
        expected = whole.seen(digest, now)
        second = SeenBatches(horizon=30)
        second.restore(first.state())
        assert second.seen(digest, now) == expected
        first = second
