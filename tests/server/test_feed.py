"""Watchers see every change in order, or learn that they can't."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.feed import Change, FeedEntry, IncidentFeed, TooOldError
from tests.rca.store.incidents import incident


def numbers(entries: list[FeedEntry] | None) -> list[int]:
    assert entries is not None
    return [entry.sequence for entry in entries]


def publish(feed: IncidentFeed, count: int) -> None:
    for number in range(count):
        feed.publish(Change.UPDATED, incident(str(number)))


def test_everything_after_a_sequence_in_order() -> None:
    feed = IncidentFeed()
    assert (feed.sequence, feed.after(0, 0)) == (0, [])
    publish(feed, 5)
    assert numbers(feed.after(0, 0)) == [1, 2, 3, 4, 5]
    assert numbers(feed.after(3, 0)) == [4, 5]
    assert feed.after(5, 0) == []
    assert feed.sequence == 5


@given(st.integers(1, 20), st.integers(0, 60), st.integers(0, 80))
def test_all_of_it_or_an_error(length: int, published: int, sequence: int) -> None:
    feed = IncidentFeed(length)
    publish(feed, published)
    held = max(0, published - length)
    if sequence > published or sequence < held:
        with pytest.raises(TooOldError):
            feed.after(sequence, 0)
    else:
        assert numbers(feed.after(sequence, 0)) == list(range(sequence + 1, published + 1))


def test_a_waiting_reader_is_woken() -> None:
    feed = IncidentFeed()
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(feed.after, 0, 60)
        feed.publish(Change.CREATED, incident("one"))
        assert numbers(reading.result(10)) == [1]


class Doorbell(threading.Condition):
    """Says when somebody has fallen asleep on it: whoever gets the lock after `asleep` is set overtakes the sleeper."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.asleep.set()
        return super().wait(timeout)


class OvertakingFeed(IncidentFeed):
    """More comes than is held between a reader's falling asleep and its turn."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self._changed = self.doorbell = Doorbell()

    def overtake(self) -> None:
        self.doorbell.asleep.wait(10)
        with self.doorbell:
            publish(self, 10)


def test_a_reader_that_is_overtaken_while_it_waits_is_told() -> None:
    feed = OvertakingFeed(3)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(feed.after, 0, 60)
        feed.overtake()
        with pytest.raises(TooOldError):
            reading.result(10)


def test_closing_wakes_readers_and_leaves_them_the_rest() -> None:
    feed = IncidentFeed()
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(feed.after, 0, 60)
        feed.close()
        assert reading.result(10) is None
    publish(feed, 2)
    assert numbers(feed.after(0, 0)) == [1, 2]
    assert feed.after(2, 0) is None


def test_readers_at_their_own_pace_miss_nothing() -> None:
    feed = IncidentFeed()

    def read(step: int) -> list[int]:
        seen: list[int] = []
        while (fresh := feed.after(seen[-1] if seen else 0, 5)) is not None:
            seen += numbers(fresh[:step])
        return seen

    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(read, step) for step in (1, 7, 1000)]
        publish(feed, 500)
        feed.close()
        assert all(reader.result(30) == list(range(1, 501)) for reader in reading)
